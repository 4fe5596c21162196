-- What `vim.lsp.enable("orps")` starts. Change any of it with `vim.lsp.config("orps", { ... })`.
---@type vim.lsp.Config
return {
  cmd = { "orps-lsp", "serve" },
  filetypes = { "python" },
  root_markers = { "pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", ".git" },
  settings = { orps = vim.empty_dict() },
}
