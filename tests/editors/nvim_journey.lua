-- The journey of a Neovim user, run by test_nvim.py: `nvim -l nvim_journey.lua FILE PYTHON SCRIPT`.
-- Ends with "OK" on stdout, or with the failure and exit code 1.
local file, python, script = unpack(_G.arg)

local function wait_for(what, condition)
  assert(vim.wait(30000, condition, 20), "gave up waiting for " .. what)
end

local shown = {}
vim.lsp.handlers["window/showMessage"] = function(_, params)
  table.insert(shown, params.message)
end
local progress = {}
vim.api.nvim_create_autocmd("LspProgress", {
  callback = function(event)
    table.insert(progress, event.data.params.value)
  end,
})

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n")
end

local function to(pattern)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  assert(vim.fn.search(pattern, "c") > 0, "no " .. pattern)
end

--- Titles of the code actions under the cursor.
local function actions()
  local client = vim.lsp.get_clients({ bufnr = 0, name = "orps" })[1]
  local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
  params.context = { diagnostics = {} }
  local answer = assert(client:request_sync("textDocument/codeAction", params, 10000, 0))
  return vim.tbl_map(function(action)
    return action.title
  end, answer.result)
end

local function ended(count)
  return function()
    local ends = vim.tbl_filter(function(value)
      return value.kind == "end"
    end, progress)
    return #ends == count
  end
end

local function journey()
  vim.lsp.config("orps", {
    cmd = { python, "-m", "orps_lsp", "serve" },
    settings = { orps = { engine = "scripted", script = script, candidates = 1, rounds = 1 } },
  })
  vim.lsp.enable("orps")
  vim.cmd.edit(vim.fn.fnameescape(file))
  wait_for("the server", function()
    local client = vim.lsp.get_clients({ bufnr = 0, name = "orps" })[1]
    return client and client.initialized
  end)
  local before = text()

  to("def slugify")
  local offered = actions()
  assert(offered[1] == "Refine with ORPS: implement `slugify`", vim.inspect(offered))
  vim.cmd.OrpsRefine()
  wait_for("the end of the search", ended(1))
  assert(progress[1].kind == "begin" and progress[1].title == "Refining slugify")
  wait_for("the message", function()
    return shown[1]
  end)
  assert(vim.startswith(shown[1], "ORPS: 1 refinement of `slugify`: best "), shown[1])
  assert(vim.startswith(actions()[1], "Apply #1: "), vim.inspect(actions()))

  vim.lsp.buf.hover()
  local hover
  wait_for("the hover", function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        local buffer = vim.api.nvim_win_get_buf(window)
        hover = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), "\n")
        vim.api.nvim_win_close(window, true)
        return true
      end
    end
  end)
  assert(hover:find("original", 1, true) and hover:find("It splits as str.split does.", 1, true), hover)

  vim.cmd.OrpsApply()
  wait_for("the edit", function()
    return text() ~= before
  end)
  assert(text():find("string.ascii_lowercase", 1, true), text())
  assert(text():find("\nimport string\n", 1, true), text())
  vim.cmd.undo()
  assert(text() == before, "undo does not bring the text back")

  to("def reading_minutes")
  vim.cmd.OrpsRefine("simplify")
  wait_for("the second search", function()
    return vim.startswith(actions()[1], "Cancel refining")
  end)
  vim.cmd.OrpsCancel()
  wait_for("the end of the cancelled search", ended(2))

  local client = vim.lsp.get_clients({ bufnr = 0, name = "orps" })[1]
  client:stop()
  wait_for("the server to end", function()
    return client:is_stopped()
  end)
end

local ok, failure = xpcall(journey, debug.traceback)
io.stdout:write(ok and "OK\n" or (failure .. "\nshown: " .. vim.inspect(shown) .. "\n"))
vim.cmd(ok and "qall!" or "cquit 1")
