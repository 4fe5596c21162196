-- The core journey: a function is refined, what was found is looked at, applied and taken back.
local user = require("support")

user.run(function()
  vim.g.orps_code_lens = true
  user.enable()
  user.open(_G.arg[1])
  local before = user.text()
  local buffer = vim.api.nvim_get_current_buf()

  user.wait_for("the lens above the function", function()
    return vim.deep_equal(user.lenses(), { "Refine" })
  end)
  user.to("def unique")
  local offered = user.actions()
  assert(offered[1] == "Refine with ORPS: optimise `unique`", vim.inspect(offered))
  assert(require("orps").status() == "")

  vim.cmd.OrpsRefine()
  user.wait_for("the status line", function()
    return vim.startswith(require("orps").status(), "ORPS unique: ")
  end)
  user.wait_for_ends(1)
  assert(user.progress[1].kind == "begin" and user.progress[1].title == "Refining unique")
  user.wait_for("the message", function()
    return user.notified[1]
  end)
  local found = "ORPS: 2 refinements of `unique`: best "
  assert(vim.startswith(user.notified[1], found), user.notified[1])
  assert(#user.notified == 1 and #user.shown == 0, "it is said once")
  user.wait_for_idle()
  offered = user.actions()
  assert(vim.startswith(offered[1], "Apply #1: "), vim.inspect(offered))
  assert(user.among(offered, "Compare 2 refinements"), vim.inspect(offered))
  user.wait_for("the lens", function()
    return user.among(user.lenses(), "ORPS: 2 refinements")
  end)
  local hover = user.hover()
  assert(hover:find("original", 1, true) and hover:find("It splits as", 1, true), hover)

  -- A preview: the next one, discarded; the best one, accepted.
  vim.cmd.OrpsPreview()
  user.wait_for_tabs(2)
  local panes
  user.wait_for("the texts", function()
    panes = user.panes()
    return #panes == 2 and panes[1] == before and panes[2] ~= ""
  end)
  assert(panes[2]:find("def unique", 1, true) and panes[2] ~= before, panes[2])
  assert(vim.wo.diff and vim.startswith(vim.wo.winbar, "#1: "), vim.wo.winbar)
  user.press("]r")
  user.wait_for("the second one", function()
    return vim.startswith(vim.wo.winbar, "#2: ")
  end)
  assert(user.panes()[2] ~= panes[2])
  user.press("]r")
  assert(user.notified[#user.notified] == "ORPS: this is the last one.")
  user.press("q")
  user.wait_for_tabs(1)
  assert(user.text() == before)
  vim.cmd.OrpsPreview(1)
  user.wait_for("the best one", function()
    return vim.startswith(vim.wo.winbar, "#1: ")
  end)
  user.press("<CR>")
  user.wait_for_tabs(1)
  assert(vim.api.nvim_get_current_buf() == buffer)
  assert(user.text() == panes[2], user.text())
  vim.cmd.undo()
  assert(user.text() == before, "undo does not bring the text back")

  -- The comparison, by command and by code action; accepted is the one with the cursor.
  -- (A headless Neovim has 80 columns, which is room for one, and aborts if it is made wider.)
  require("orps.diff").fitting = function(count)
    return count
  end
  vim.cmd.OrpsCompare()
  user.wait_for("three panes", function()
    panes = user.panes()
    return #panes == 3 and panes[2] ~= "" and panes[3] ~= ""
  end)
  assert(vim.startswith(panes[1], "def unique"), panes[1])
  assert(panes[2] ~= panes[3])
  user.press("q")
  user.wait_for_tabs(1)
  user.choose("Compare 2 refinements")
  user.wait_for_tabs(2)
  user.wait_for("three panes", function()
    return #user.panes() == 3 and user.panes()[3] ~= ""
  end)
  vim.cmd.wincmd("l")
  user.press("<CR>")
  user.wait_for_tabs(1)
  local second = panes[3]:find("seen", 1, true) and "seen.add" or "dict.fromkeys"
  assert(user.text():find(second, 1, true), user.text())
  vim.cmd.undo()

  -- The report, by command and by code action.
  vim.cmd.OrpsReport()
  user.wait_for("the report", function()
    return user.opened[1]
  end)
  local report = table.concat(vim.fn.readfile(user.opened[1]), "\n")
  assert(report:find("unique", 1, true), user.opened[1])
  user.choose("Show the report")
  user.wait_for("the report again", function()
    return user.opened[2]
  end)

  vim.cmd.OrpsApply()
  user.wait_for("the edit", function()
    return user.text() ~= before
  end)
  vim.cmd.undo()
  assert(user.text() == before, "undo does not bring the text back")
  local said = #user.notified
  vim.cmd.OrpsApply(3)
  user.wait_for("the refusal", function()
    return user.notified[said + 1]
  end)
  assert(user.notified[said + 1] == "ORPS: unique has refinements 1 to 2.")

  -- A change of settings is followed.
  local client = user.client()
  client.settings.orps.code_lens = "off"
  client:notify("workspace/didChangeConfiguration", { settings = client.settings })
  user.wait_for("the lenses to go", function()
    return #user.lenses() == 0
  end)
  assert(#user.shown == 0, "the server had nothing to complain of")
end)
