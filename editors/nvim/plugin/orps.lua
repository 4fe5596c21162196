-- Commands for the function under the cursor. Results, progress and messages come by themselves:
-- as code actions, hover, LspProgress events and notifications of the server.
if vim.g.loaded_orps then
  return
end
vim.g.loaded_orps = true

---@return vim.lsp.Client?
local function client_of_buffer()
  local client = vim.lsp.get_clients({ bufnr = 0, name = "orps" })[1]
  if not client then
    vim.notify("ORPS: no server is attached to this buffer. See :checkhealth vim.lsp", vim.log.levels.ERROR)
  end
  return client
end

--- Run a command of the server. The server itself shows what goes wrong.
---@param command string
---@param argument table
---@param on_answer? fun(answer: table)
local function execute(command, argument, on_answer)
  local client = client_of_buffer()
  if not client then
    return
  end
  client:request("workspace/executeCommand", { command = command, arguments = { argument } }, function(err, answer)
    if not err and on_answer then
      on_answer(answer)
    end
  end, 0)
end

local function refine(options)
  local client = client_of_buffer()
  if not client then
    return
  end
  local here = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local argument = { uri = here.textDocument.uri, position = here.position }
  if options.args ~= "" then
    argument.intent = options.args
  end
  execute("orps.refine", argument, function(answer)
    if answer.position > 0 then
      vim.notify(("ORPS: %d other searches come first."):format(answer.position))
    end
  end)
end

local function cancel()
  execute("orps.cancel", vim.empty_dict())
end

local function apply(options)
  local rank = tonumber(options.args ~= "" and options.args or "1")
  vim.lsp.buf.code_action({
    apply = true,
    context = { only = { "refactor.rewrite.orps.apply" }, diagnostics = {} },
    filter = function(action)
      return vim.startswith(action.title, ("Apply #%d:"):format(rank))
    end,
  })
end

vim.api.nvim_create_user_command("OrpsRefine", refine, {
  nargs = "?",
  complete = function(lead)
    return vim.tbl_filter(function(intent)
      return vim.startswith(intent, lead)
    end, { "fix", "optimise", "simplify" })
  end,
  desc = "Search for a better version of the function under the cursor",
})
vim.api.nvim_create_user_command("OrpsCancel", cancel, { desc = "Cancel all searches" })
vim.api.nvim_create_user_command("OrpsApply", apply, {
  nargs = "?",
  desc = "Apply a refinement of the function under the cursor (1 is the best)",
})
