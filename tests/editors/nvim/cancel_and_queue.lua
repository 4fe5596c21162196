-- Searches that take long: they queue, are cancelled in both ways, and are used early.
local user = require("support")

local function begun(name)
  return function()
    for _, value in ipairs(user.progress) do
      if value.kind == "begin" and value.title == "Refining " .. name then
        return true
      end
    end
  end
end

user.run(function()
  user.enable()
  user.open(_G.arg[1])
  local before = user.text()

  user.to("def reading_minutes")
  vim.cmd.OrpsRefine("simplify")
  user.wait_for("the first search", function()
    return vim.startswith(user.actions()[1], "Cancel refining")
  end)
  assert(user.among(user.actions(), "Cancel refining `reading_minutes`"))
  user.to("def truncate")
  vim.cmd.OrpsRefine("simplify")
  user.wait_for("the place in the queue", function()
    return user.notified[1] == "ORPS: 1 other search comes first."
  end)
  vim.cmd.OrpsPreview()
  user.wait_for("the hint", function()
    return user.notified[2] == "ORPS: there is no refinement of truncate so far."
  end)
  vim.cmd.OrpsCancel()
  user.wait_for_ends(2)
  user.wait_for_idle()
  assert(#user.notified == 2 and #user.shown == 0, "who cancels needs no message")

  -- Cancelled from the progress, as plugins that show it do (window/workDoneProgress/cancel).
  user.progress = {}
  local tokens = {}
  vim.api.nvim_create_autocmd("LspProgress", {
    callback = function(event)
      table.insert(tokens, event.data.params.token)
    end,
  })
  vim.cmd.OrpsRefine("simplify")
  user.wait_for("its progress", begun("truncate"))
  user.client():notify("window/workDoneProgress/cancel", { token = tokens[1] })
  user.wait_for_ends(1)

  -- What a search has found is applied while it goes on; that ends it.
  user.progress = {}
  user.to("def slugify")
  vim.cmd.OrpsRefine()
  user.wait_for("an early result", function()
    return user.among(user.actions(), "Apply now: ")
  end)
  vim.cmd.OrpsPreview()
  user.wait_for("the preview", function()
    return vim.startswith(vim.wo.winbar, "#1: ")
  end)
  user.press("q")
  user.wait_for_tabs(1)
  local said = #user.notified
  user.choose("Apply now: ")
  user.wait_for("the edit", function()
    return user.text() ~= before
  end)
  assert(user.text():find("string.ascii_lowercase", 1, true), user.text())
  user.wait_for_ends(1)
  user.wait_for_idle()
  assert(#user.notified == said, "who applies it early needs no message")
  vim.cmd.undo()
  assert(user.text() == before, "undo does not bring the text back")
  vim.cmd.OrpsCancel()
  user.wait_for("the answer", function()
    return user.notified[said + 1] == "ORPS: no search is going on."
  end)
end)
