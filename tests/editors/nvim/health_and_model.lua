-- Where the model is missing, the user is told, and how to get it.
local user = require("support")

local function health()
  vim.cmd.checkhealth("orps")
  local page = user.text()
  vim.cmd.bwipeout({ bang = true })
  return page
end

user.run(function()
  user.enable({ model = "qwen2.5-coder-0.5b", engine = "llama_cpp" })
  local page = health()
  assert(page:find("OK Neovim ", 1, true) and page:find("OK orps-lsp ", 1, true), page)
  assert(page:find("No server is running", 1, true), page)
  user.open(_G.arg[1])

  page = health()
  assert(page:find("A server is running", 1, true), page)
  assert(page:find("ERROR Model: qwen2.5-coder-0.5b is not here", 1, true), page)
  assert(page:find("OrpsModel", 1, true), page)
  assert(page:find('"model":"qwen2.5-coder-0.5b"', 1, true), page)

  vim.cmd.OrpsStatus()
  user.wait_for("the status", function()
    return user.notified[1]
  end)
  assert(user.notified[1]:find(":OrpsModel fetches a model.", 1, true), user.notified[1])
  user.wait_for("the status line", function()
    return require("orps").status() == "ORPS: no model"
  end)
  user.to("def slugify")
  local fetch = user.among(user.actions(), "Fetch the model qwen2.5-coder-0.5b")
  assert(fetch, vim.inspect(user.actions()))

  local names = vim.fn.getcompletion("OrpsModel qwen2.5-coder-0", "cmdline")
  assert(vim.deep_equal(names, { "qwen2.5-coder-0.5b" }), vim.inspect(names))
  local offered
  vim.ui.select = function(models, options, on_choice)
    offered = vim.tbl_map(options.format_item, models)
    on_choice(nil)
  end
  vim.cmd.OrpsModel()
  user.wait_for("the choice", function()
    return offered
  end)
  assert(user.among(offered, "GB to fetch, Apache-2.0"), vim.inspect(offered))

  vim.lsp.config("orps", { cmd = { "no-such-program", "serve" } })
  page = health()
  assert(page:find("ERROR `no-such-program` is not on the PATH", 1, true), page)
  assert(#user.shown == 0, "nothing is said that was not asked for")
end)
