-- What is shown of refinements: a preview, a comparison, the report.
local client = require("orps.client")
local M = {}

--- How commands name a refinement. A candidate stays the same while ranks change during a search.
---@param job integer
---@param refinement table
---@return table
local function named(job, refinement)
  if refinement.candidate ~= nil then
    return { job = job, candidate = refinement.candidate }
  end
  return { job = job, rank = refinement.rank }
end

--- Apply a refinement.
---@param bufnr integer
---@param job integer
---@param refinement table
---@param on_applied? fun()
function M.apply(bufnr, job, refinement, on_applied)
  local server = client.attached(bufnr)
  if server then
    require("orps.progress").on_apply(server.id, job)
  end
  client.execute(bufnr, "orps.apply", named(job, refinement), function(answer)
    if answer.applied and on_applied then
      on_applied()
    end
  end)
end

---@param refinement table
---@return string
local function label(refinement)
  return ("#%d: %s"):format(refinement.rank, refinement.summary)
end

--- Show the whole file with and without a refinement.
---@param bufnr integer
---@param found table the answer of `orps.find`
---@param rank integer the first to show
function M.preview(bufnr, found, rank)
  require("orps.diff").open({
    items = found.refinements,
    first = rank,
    count = 1,
    load = function(refinement, on_texts)
      client.execute(bufnr, "orps.preview", named(found.job, refinement), function(preview)
        on_texts({
          original = preview.original,
          refined = preview.refined,
          title = label({ rank = refinement.rank, summary = preview.summary }),
        })
      end)
    end,
    accept = function(refinement, on_applied)
      M.apply(bufnr, found.job, refinement, on_applied)
    end,
  })
end

--- Show the function's text beside those of its refinements.
---@param bufnr integer
---@param job integer
function M.compare(bufnr, job)
  client.execute(bufnr, "orps.compare", { job = job }, function(answer)
    local diff = require("orps.diff")
    diff.open({
      items = answer.refinements,
      first = 1,
      count = diff.fitting(#answer.refinements),
      load = function(refinement, on_texts)
        on_texts({
          original = answer.original,
          refined = refinement.code,
          title = label(refinement),
          note = refinement.critique,
        })
      end,
      accept = function(refinement, on_applied)
        M.apply(bufnr, job, refinement, on_applied)
      end,
    })
  end)
end

--- Open a report in the browser, or say where it lies.
---@param bufnr integer
---@param argument? { job: integer? }
function M.report(bufnr, argument)
  client.execute(bufnr, "orps.showReport", argument or {}, function(answer)
    local opened, why = vim.ui.open(answer.path)
    if not opened then
      vim.notify(("ORPS: the report is %s. It could not be opened: %s"):format(answer.path, why))
    end
  end)
end

return M
