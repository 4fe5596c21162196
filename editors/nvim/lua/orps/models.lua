-- Models: which there are, and fetching one.
local client = require("orps.client")
local M = {}

local COMPLETION_MS = 2000

--- Names of all models of the catalogue, for the completion of a command.
---@return string[]
function M.names()
  local server = client.attached(0)
  if not server then
    return {}
  end
  local params = { command = "orps.models", arguments = { vim.empty_dict() } }
  local answer = server:request_sync("workspace/executeCommand", params, COMPLETION_MS, 0)
  return vim.tbl_map(function(model)
    return model.name
  end, vim.tbl_get(answer or {}, "result", "models") or {})
end

---@param model table
---@return string
local function described(model)
  local size = ("%.1f GB"):format(model.size_bytes / 1e9)
  local state = model.present and "here" or (size .. " to fetch")
  return ("%s: %s, %s"):format(model.title or model.name, state, model.licence or "licence unknown")
end

---@param bufnr integer
---@param name? string
local function fetch(bufnr, name)
  client.execute(bufnr, "orps.fetchModel", { model = name }, function(answer)
    vim.notify(("ORPS: the model %s is here."):format(answer.model))
  end)
end

--- Fetch a model; without a name, choose one.
---@param name? string
function M.fetch(name)
  local bufnr = vim.api.nvim_get_current_buf()
  if name then
    return fetch(bufnr, name)
  end
  client.execute(bufnr, "orps.models", {}, function(answer)
    local options = { prompt = "Fetch a model:", kind = "orps", format_item = described }
    vim.ui.select(answer.models, options, function(model)
      if model then
        fetch(bufnr, model.name)
      end
    end)
  end)
end

return M
