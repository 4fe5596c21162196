-- `:checkhealth orps`
local M = {}
local health = vim.health

local TIMEOUT_MS = 5000

---@return boolean
local function check_neovim()
  local found = vim.version()
  local version = ("%d.%d.%d"):format(found.major, found.minor, found.patch)
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok("Neovim " .. version)
    return true
  end
  health.error(("Neovim %s is too old: 0.11 is needed for `vim.lsp.enable()`"):format(version))
  return false
end

---@param config vim.lsp.Config
local function check_program(config)
  local command = config.cmd
  if type(command) ~= "table" then
    health.info("The server is started by a function of yours")
    return
  end
  if vim.fn.executable(command[1]) == 0 then
    health.error(("`%s` is not on the PATH"):format(command[1]), {
      "Install it: pipx install orps-lsp, or uv tool install orps-lsp",
      'Or say where it is: vim.lsp.config("orps", { cmd = { "/path/to/orps-lsp", "serve" } })',
    })
    return
  end
  local asked = vim.list_slice(command, 1, #command - 1) -- what comes before `serve`
  local ok, ended = pcall(function()
    return vim.system(vim.list_extend(asked, { "--version" }), { text = true }):wait(TIMEOUT_MS)
  end)
  if ok and ended.code == 0 then
    health.ok(("%s (`%s`)"):format(vim.trim(ended.stdout), vim.fn.exepath(command[1])))
  else
    local why = ok and vim.trim(ended.stderr or "") or tostring(ended)
    health.error(("`%s` does not say its version: %s"):format(table.concat(asked, " "), why))
  end
end

---@param status table the answer to `orps.status`
local function report(status)
  local model = status.model
  if type(model) ~= "table" then
    health.info("Model: the engine has its own")
  elseif model.present then
    health.ok("Model: " .. model.name)
  else
    health.error(("Model: %s is not here"):format(model.name), { ":OrpsModel fetches one" })
  end
  health.info("Engine: " .. tostring(status.engine))
  if status.sandbox == "" then
    health.error("No sandbox works here, and nothing runs without one", { "See `orps-lsp doctor`" })
  elseif type(status.sandbox) == "string" then
    health.ok("Sandbox: " .. status.sandbox)
  else
    health.info("Sandbox: known after the first search")
  end
  health.info(status.message)
end

---@param client vim.lsp.Client
local function check_client(client)
  health.ok(("A server is running for `%s`"):format(client.root_dir or "single files"))
  local params = { command = "orps.status", arguments = { vim.empty_dict() } }
  local answer, why = client:request_sync("workspace/executeCommand", params, TIMEOUT_MS)
  if answer and answer.result then
    report(answer.result)
  else
    local err = answer and answer.err and answer.err.message
    health.error("The server does not say how it is: " .. (err or why or "no answer"))
  end
  local settings = vim.tbl_get(client.settings or {}, "orps") or {}
  local given = vim.tbl_isempty(settings) and "none of yours" or vim.json.encode(settings)
  health.info("Settings: " .. given)
end

function M.check()
  if vim.fn.has("nvim-0.10") == 0 then -- `vim.health` was another one then
    error("ORPS needs Neovim 0.11 or newer", 0)
  end
  health.start("ORPS")
  if not check_neovim() then
    return
  end
  local config = vim.lsp.config.orps
  if not config then
    health.error("There is no configuration `orps`: is this plugin on the runtime path?")
    return
  end
  check_program(config)
  if not vim.lsp.is_enabled("orps") then
    health.warn("Not enabled", { 'vim.lsp.enable("orps")' })
  end
  local clients = vim.lsp.get_clients({ name = "orps" })
  for _, client in ipairs(clients) do
    check_client(client)
  end
  if #clients == 0 then
    health.info("No server is running: one starts with the first Python file")
  end
end

return M
