-- An older Neovim: nothing is done, but the first command says why.
local user = require("support")

user.run(function()
  vim.fn.has = function(feature)
    return feature == "nvim-0.11" and 0 or vim.call("has", feature)
  end
  vim.cmd.OrpsRefine()
  assert(user.notified[1]:find("ORPS needs Neovim 0.11 or newer; this is ", 1, true))
  assert(not package.loaded["orps"])
  vim.cmd.checkhealth("orps")
  assert(user.text():find("is too old", 1, true), user.text())
end)
