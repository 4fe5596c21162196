-- Requests to the server that is attached to a buffer.
local M = {}

-- Errors of these codes are sentences that the server has shown already (docs/protocol.md).
local SHOWN = { [-32803] = true, [-32602] = true }

--- The server of a buffer (0: the current one), or nil.
---@param bufnr? integer
---@return vim.lsp.Client?
function M.attached(bufnr)
  return vim.lsp.get_clients({ bufnr = bufnr or 0, name = "orps" })[1]
end

--- Like `attached`, but says what to do where there is none.
---@param bufnr? integer
---@return vim.lsp.Client?
function M.get(bufnr)
  local client = M.attached(bufnr)
  if not client then
    vim.notify(
      "ORPS: no server is attached to this buffer. :checkhealth orps says why.",
      vim.log.levels.ERROR
    )
  end
  return client
end

--- Run a command of the server (LSP `workspace/executeCommand`).
---@param bufnr integer 0: the current one
---@param command string
---@param argument table
---@param on_answer? fun(answer: table)
function M.execute(bufnr, command, argument, on_answer)
  local client = M.get(bufnr)
  if not client then
    return
  end
  if bufnr == 0 then
    bufnr = vim.api.nvim_get_current_buf() -- for 0, Neovim does not send pending changes first
  end
  if vim.tbl_isempty(argument) then
    argument = vim.empty_dict()
  end
  local params = { command = command, arguments = { argument } }
  client:request("workspace/executeCommand", params, function(err, answer)
    if err then
      if not SHOWN[err.code] then
        vim.notify("ORPS: " .. err.message, vim.log.levels.ERROR)
      end
    elseif on_answer then
      on_answer(answer)
    end
  end, bufnr)
end

--- The function under the cursor, as arguments of commands name it.
---@return { uri: string, position: lsp.Position }?
function M.here()
  local client = M.get(0)
  if not client then
    return nil
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  return { uri = params.textDocument.uri, position = params.position }
end

--- What is known of the function under the cursor (`orps.find`).
---@param on_answer fun(found: table)
function M.find(on_answer)
  local here = M.here()
  if here then
    M.execute(0, "orps.find", here, on_answer)
  end
end

--- Like `find`, but says so where there is no refinement.
---@param on_answer fun(found: table)
function M.find_refinements(on_answer)
  M.find(function(found)
    if vim.tbl_isempty(found.refinements) then
      local after = found.active and "so far" or "yet; :OrpsRefine searches for one"
      vim.notify(("ORPS: there is no refinement of %s %s."):format(found["function"], after))
    else
      on_answer(found)
    end
  end)
end

return M
