-- The server dies in the middle of a search; with a new one everything works, results included.
local user = require("support")

user.run(function()
  user.enable()
  user.open(_G.arg[1])
  local before = user.text()
  user.to("def slugify")
  vim.cmd.OrpsRefine()
  user.wait_for_ends(1)
  assert(vim.startswith(user.actions()[1], "Apply #1: "), vim.inspect(user.actions()))

  user.to("def reading_minutes")
  vim.cmd.OrpsRefine("simplify")
  user.wait_for("the status line", function()
    return require("orps").status() ~= ""
  end)
  local client = user.client()
  for _, child in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    vim.uv.kill(child, "sigkill")
  end
  user.wait_for("its end to be seen", function()
    return client:is_stopped() and not user.client()
  end)
  user.wait_for_idle()
  vim.cmd.OrpsCancel()
  assert(vim.startswith(user.notified[#user.notified], "ORPS: no server is attached"))

  user.open(_G.arg[1])
  assert(user.client().id ~= client.id)
  user.to("def slugify")
  user.wait_for("the results", function()
    return vim.startswith(user.actions()[1] or "", "Apply #1: ")
  end)
  vim.cmd.OrpsApply()
  user.wait_for("the edit", function()
    return user.text() ~= before
  end)
  assert(user.text():find("string.ascii_lowercase", 1, true), user.text())
end)
