-- Commands for the function under the cursor. What they do is loaded when the first one is used.
if vim.g.loaded_orps then
  return
end
vim.g.loaded_orps = true

---@param name string
---@param run fun(orps: table, argument: string?)
---@param options table see |nvim_create_user_command()|
local function command(name, run, options)
  vim.api.nvim_create_user_command(name, function(call)
    if vim.fn.has("nvim-0.11") == 0 then
      local version = vim.version()
      local found = ("%d.%d.%d"):format(version.major, version.minor, version.patch)
      vim.notify("ORPS needs Neovim 0.11 or newer; this is " .. found .. ".", vim.log.levels.ERROR)
      return
    end
    run(require("orps"), call.args ~= "" and call.args or nil)
  end, options)
end

---@param lead string
---@param words string[]
local function starting_with(lead, words)
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, words)
end

command("OrpsRefine", function(orps, intent)
  orps.refine(intent)
end, {
  nargs = "?",
  complete = function(lead)
    return starting_with(lead, { "fix", "optimise", "simplify" })
  end,
  desc = "Search for a better version of the function under the cursor",
})
command("OrpsCancel", function(orps)
  orps.cancel()
end, { desc = "Cancel all searches; what was found is kept" })
command("OrpsApply", function(orps, rank)
  orps.apply(rank)
end, { nargs = "?", desc = "Apply a refinement of the function under the cursor (1, the best)" })
command("OrpsPreview", function(orps, rank)
  orps.preview(rank)
end, { nargs = "?", desc = "Show what a refinement would change (1, the best)" })
command("OrpsCompare", function(orps)
  orps.compare()
end, { desc = "Show the refinements of the function under the cursor side by side" })
command("OrpsReport", function(orps)
  orps.report()
end, { desc = "Open the report on the function under the cursor, or the newest" })
command("OrpsStatus", function(orps)
  orps.show_status()
end, { desc = "Say what the server is doing, and what it lacks" })
command("OrpsModel", function(orps, name)
  orps.fetch_model(name)
end, {
  nargs = "?",
  complete = function(lead)
    return starting_with(lead, require("orps.models").names())
  end,
  desc = "Fetch a model; without a name, choose one",
})
