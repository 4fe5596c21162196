-- What the commands do; all of it can be mapped to keys as well.
local client = require("orps.client")
local M = {}

--- Search for a better version of the function under the cursor.
---@param intent? "fix"|"optimise"|"simplify" without one the tests decide
function M.refine(intent)
  local argument = client.here()
  if not argument then
    return
  end
  argument.intent = intent
  client.execute(0, "orps.refine", argument, function(answer)
    if answer.position > 0 then
      local others = answer.position == 1 and "search comes" or "searches come"
      vim.notify(("ORPS: %d other %s first."):format(answer.position, others))
    end
  end)
end

--- Cancel all searches. What they found is kept.
function M.cancel()
  client.execute(0, "orps.cancel", {}, function(answer)
    if vim.tbl_isempty(answer.cancelled) then
      vim.notify("ORPS: no search is going on.")
    end
  end)
end

--- Find a refinement of the function under the cursor.
---@param rank? integer|string 1, the best, if not given
---@param use fun(bufnr: integer, found: table, refinement: table)
local function with_refinement(rank, use)
  local bufnr = vim.api.nvim_get_current_buf()
  client.find_refinements(function(found)
    local refinement = M._ranked(found, rank)
    if refinement then
      use(bufnr, found, refinement)
    end
  end)
end

--- Apply a refinement of the function under the cursor. A search that is going on ends.
---@param rank? integer|string 1, the best, if not given
function M.apply(rank)
  with_refinement(rank, function(bufnr, found, refinement)
    require("orps.views").apply(bufnr, found.job, refinement)
  end)
end

--- Show what a refinement would change, beside the text as it is.
---@param rank? integer|string 1, the best, if not given
function M.preview(rank)
  with_refinement(rank, function(bufnr, found, refinement)
    require("orps.views").preview(bufnr, found, refinement.rank)
  end)
end

--- Show the refinements of the function under the cursor side by side.
function M.compare()
  local bufnr = vim.api.nvim_get_current_buf()
  client.find_refinements(function(found)
    require("orps.views").compare(bufnr, found.job)
  end)
end

--- Open the report on the function under the cursor, or the newest one.
function M.report()
  local bufnr = vim.api.nvim_get_current_buf()
  client.find(function(found)
    require("orps.views").report(bufnr, { job = found.job })
  end)
end

--- Say what the server is doing, and what it lacks.
function M.show_status()
  client.execute(0, "orps.status", {}, function(status)
    local lines = { ("ORPS %s: %s"):format(status.version, status.message) }
    if status.state == "no_model" then
      table.insert(lines, ":OrpsModel fetches a model.")
    end
    vim.notify(table.concat(lines, "\n"))
  end)
end

--- Fetch a model; without a name, choose one.
---@param name? string
function M.fetch_model(name)
  require("orps.models").fetch(name)
end

--- What goes on, in a few words for a status line; empty if nothing does.
---@return string
function M.status()
  return require("orps.progress").line()
end

--- The refinement of a rank; says which there are if it is not among them.
---@param found table
---@param rank? integer|string
function M._ranked(found, rank)
  rank = rank == nil and 1 or tonumber(rank)
  for _, refinement in ipairs(found.refinements) do
    if refinement.rank == rank then
      return refinement
    end
  end
  vim.notify(
    ("ORPS: %s has refinements 1 to %d."):format(found["function"], #found.refinements),
    vim.log.levels.ERROR
  )
end

return M
