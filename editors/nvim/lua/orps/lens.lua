-- Code lenses, for who wants them: `vim.g.orps_code_lens = true`. Neovim 0.11 asks for lenses only
-- when somebody tells it to; whoever has an autocommand for that needs nothing of this.
local M = {}

---@param bufnr integer
local function ask(bufnr)
  if vim.api.nvim_buf_is_loaded(bufnr) then
    vim.lsp.codelens.refresh({ bufnr = bufnr })
  end
end

--- Keep the lenses of a buffer up to date.
---@param bufnr integer
function M.attach(bufnr)
  if not vim.g.orps_code_lens then
    return
  end
  if vim.lsp.codelens.enable then -- Neovim 0.12 does it all
    vim.lsp.codelens.enable(true, { bufnr = bufnr })
    return
  end
  local group = vim.api.nvim_create_augroup("orps_code_lens_" .. bufnr, {})
  vim.api.nvim_create_autocmd({ "BufEnter", "InsertLeave", "TextChanged" }, {
    group = group,
    buffer = bufnr,
    callback = function()
      ask(bufnr)
    end,
  })
  ask(bufnr)
end

--- The server's lenses changed (LSP `workspace/codeLens/refresh`).
---@param client_id integer
function M.refresh(client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  for bufnr in pairs(client and client.attached_buffers or {}) do
    if vim.g.orps_code_lens or #vim.lsp.codelens.get(bufnr) > 0 then
      ask(bufnr)
    end
  end
end

return M
