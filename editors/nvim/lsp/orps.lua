-- What `vim.lsp.enable("orps")` starts. Change any of it with `vim.lsp.config("orps", { ... })`.
-- The modules behind it are loaded when the server says something, not before.

---@param handler string a function of `orps.progress`
local function progress(handler)
  return function(_, params, context)
    require("orps.progress")[handler](params, context)
  end
end

-- Neovim 0.12 follows changes of code lenses itself.
local own_lenses = vim.fn.has("nvim-0.12") == 0

---@type vim.lsp.Config
return {
  cmd = { "orps-lsp", "serve" },
  filetypes = { "python" },
  root_markers = { "pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", ".git" },
  settings = { orps = vim.empty_dict() },
  capabilities = {
    experimental = { orps = { notifications = true, views = true } },
    workspace = own_lenses and { codeLens = { refreshSupport = true } } or nil,
  },
  handlers = {
    ["orps/progress"] = progress("on_progress"),
    ["orps/finished"] = progress("on_finished"),
    ["orps/status"] = progress("on_status"),
    ["workspace/codeLens/refresh"] = own_lenses and function(_, _, context)
      require("orps.lens").refresh(context.client_id)
      return vim.NIL
    end or nil,
  },
  -- Commands of code actions and code lenses that this plugin does more with.
  commands = {
    ["orps.apply"] = function(command, context)
      local argument = command.arguments[1]
      require("orps.views").apply(context.bufnr, argument.job, argument)
    end,
    ["orps.compare"] = function(command, context)
      require("orps.views").compare(context.bufnr, command.arguments[1].job)
    end,
    ["orps.showReport"] = function(command, context)
      require("orps.views").report(context.bufnr, (command.arguments or {})[1])
    end,
  },
  on_attach = function(_, bufnr)
    require("orps.lens").attach(bufnr)
  end,
  on_exit = function(_, _, client_id)
    require("orps.progress").forget(client_id)
  end,
}
