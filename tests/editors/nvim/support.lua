-- What the journeys of a Neovim user share. A journey is a file of this folder, run by test_nvim.py
-- as `nvim -l JOURNEY.lua`; $ORPS_PYTHON runs the server, with the settings $ORPS_SETTINGS (JSON).
local M = {
  shown = {}, -- messages of the server (window/showMessage)
  notified = {}, -- what the plugin says
  progress = {}, -- LspProgress
  opened = {}, -- what was given to a browser
}

vim.lsp.handlers["window/showMessage"] = function(_, params)
  table.insert(M.shown, params.message)
end
vim.notify = function(message)
  table.insert(M.notified, message)
end
vim.ui.open = function(path)
  table.insert(M.opened, path)
  return {}
end
vim.api.nvim_create_autocmd("LspProgress", {
  callback = function(event)
    table.insert(M.progress, event.data.params.value)
  end,
})

function M.wait_for(what, condition)
  local met
  vim.wait(30000, function()
    met = condition()
    return met
  end, 20)
  assert(met, "gave up waiting for " .. what)
  return met
end

function M.client()
  return vim.lsp.get_clients({ bufnr = 0, name = "orps" })[1]
end

--- Open a file and wait for the server.
function M.open(file)
  vim.cmd.edit(vim.fn.fnameescape(file))
  M.wait_for("the server", function()
    return M.client() and M.client().initialized
  end)
end

--- Enable the server, with settings beside those of the test.
function M.enable(settings)
  vim.lsp.config("orps", {
    cmd = { vim.env.ORPS_PYTHON, "-m", "orps_lsp", "serve" },
    settings = {
      orps = vim.tbl_extend("force", vim.json.decode(vim.env.ORPS_SETTINGS), settings or {}),
    },
  })
  vim.lsp.enable("orps")
end

function M.text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, true), "\n")
end

function M.to(pattern)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  assert(vim.fn.search(pattern, "c") > 0, "no " .. pattern)
end

function M.press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), "mx", false)
end

--- Titles of the code actions under the cursor.
function M.actions()
  local params = vim.lsp.util.make_range_params(0, M.client().offset_encoding)
  params.context = { diagnostics = {} }
  local buffer = vim.api.nvim_get_current_buf()
  local answer = assert(M.client():request_sync("textDocument/codeAction", params, 10000, buffer))
  return vim.tbl_map(function(action)
    return action.title
  end, answer.result)
end

--- Choose a code action as a user does.
function M.choose(beginning)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return vim.startswith(action.title, beginning)
    end,
  })
end

--- The first of some texts that contains another one.
function M.among(texts, part)
  for _, text in ipairs(texts) do
    if text:find(part, 1, true) then
      return text
    end
  end
end

--- What the code lenses of the buffer say.
function M.lenses()
  return vim.tbl_map(function(lens)
    return lens.command.title
  end, vim.lsp.codelens.get(0))
end

--- Wait until so many searches have ended, counted from the start.
function M.wait_for_ends(count)
  M.wait_for(("the end of search %d"):format(count), function()
    local ends = vim.tbl_filter(function(value)
      return value.kind == "end"
    end, M.progress)
    return #ends >= count
  end)
end

function M.wait_for_idle()
  M.wait_for("an empty status line", function()
    return require("orps").status() == ""
  end)
end

function M.hover()
  vim.lsp.buf.hover()
  return M.wait_for("the hover", function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        local page = M.text(vim.api.nvim_win_get_buf(window))
        vim.api.nvim_win_close(window, true)
        return page
      end
    end
  end)
end

--- Texts of the windows of the tab page, from left to right.
function M.panes()
  return vim.tbl_map(function(window)
    return M.text(vim.api.nvim_win_get_buf(window))
  end, vim.api.nvim_tabpage_list_wins(0))
end

function M.wait_for_tabs(count)
  M.wait_for(count .. " tab pages", function()
    return #vim.api.nvim_list_tabpages() == count
  end)
end

--- Run a journey. Ends with "OK" on stdout, or with the failure and exit code 1.
function M.run(journey)
  local ok, failure = xpcall(function()
    journey()
    for _, client in ipairs(vim.lsp.get_clients({ name = "orps" })) do
      client:stop()
      M.wait_for("the server to end", function()
        return client:is_stopped()
      end)
    end
  end, debug.traceback)
  if not ok then
    local said = vim.inspect({ shown = M.shown, notified = M.notified })
    io.stdout:write(failure .. "\n" .. said .. "\n")
  end
  io.stdout:write(ok and "OK\n" or "FAILED\n")
  vim.cmd(ok and "qall!" or "cquit 1")
end

return M
