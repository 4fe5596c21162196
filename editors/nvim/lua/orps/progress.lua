-- What the servers are doing, from their notifications (docs/protocol.md).
local M = {}

-- The server itself shows what went wrong.
local TROUBLE = { engine_failed = true, evaluator_failed = true }
local LACKS = { no_model = "no model", no_sandbox = "no sandbox", untrusted = "not trusted" }

---@class orps.Doing
---@field status? table the last `orps/status`
---@field running table<integer, { name: string, message: string }> by job
---@field applied table<integer, true> jobs that the user ended by applying what they found

---@type table<integer, orps.Doing> by client
local doing = {}

---@param client_id integer
---@return orps.Doing
local function of(client_id)
  doing[client_id] = doing[client_id] or { running = {}, applied = {} }
  return doing[client_id]
end

local function redraw()
  vim.cmd.redrawstatus({ bang = true })
end

---@param params table `orps/progress`
---@param context lsp.HandlerContext
function M.on_progress(params, context)
  local job = { name = params["function"], message = params.message }
  of(context.client_id).running[params.job] = job
  redraw()
end

---@param params table `orps/finished`
---@param context lsp.HandlerContext
function M.on_finished(params, context)
  of(context.client_id).running[params.job] = nil
  redraw()
  local in_vain = vim.tbl_isempty(params.refinements or {})
  local users_doing = of(context.client_id).applied[params.job]
    or params.state == "cancelled"
    or (params.stop_reason == "cancelled" and in_vain)
  if params.state == "done" and not TROUBLE[params.stop_reason] and not users_doing then
    vim.notify("ORPS: " .. params.message)
  end
end

--- The user applies what a job found; if that ends a search, it is no news.
---@param client_id integer
---@param job integer
function M.on_apply(client_id, job)
  of(client_id).applied[job] = true
end

---@param params table `orps/status`
---@param context lsp.HandlerContext
function M.on_status(params, context)
  of(context.client_id).status = params
  redraw()
end

--- Forget a server that ended.
---@param client_id integer
function M.forget(client_id)
  doing[client_id] = nil
  vim.schedule(redraw)
end

--- What goes on, for a status line. Searches of all servers, as one sees them from any window.
---@return string
function M.line()
  local parts = {}
  for _, client in pairs(doing) do
    for _, job in vim.spairs(client.running) do
      table.insert(parts, ("ORPS %s: %s"):format(job.name, job.message))
    end
    local status = client.status or {}
    if status.state == "fetching" then
      table.insert(parts, "ORPS: " .. status.message)
    elseif LACKS[status.state] then
      table.insert(parts, "ORPS: " .. LACKS[status.state])
    end
  end
  -- A percent sign has a meaning in 'statusline'.
  return (table.concat(parts, " | "):gsub("%%", "%%%%"))
end

return M
