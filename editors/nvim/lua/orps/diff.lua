-- A tab page with the original at the left and refinements beside it, in diff mode.
local M = {}

local COLUMNS = 50 -- what a text should have at least to be read beside others
local MOST = 7 -- Vim compares eight buffers at most, and one is the original
local KEYS = "<CR> accept  ]r next  [r previous  q close"

---@class orps.Texts
---@field original string
---@field refined string
---@field title string
---@field note? string what the critic said

---@class orps.View
---@field items table[] refinements, the best first
---@field first integer index of the one that the first pane shows
---@field count integer panes for refinements
---@field load fun(item: table, on_texts: fun(texts: orps.Texts))
---@field accept fun(item: table, on_applied: fun())
---@field windows? integer[] the original's first
---@field tab? integer
---@field notes? table<integer, string> by window
---@field turn? integer counts the requests for texts: only the last one's are shown

--- How many of `count` refinements have room beside the original.
---@param count integer
---@return integer
function M.fitting(count)
  return math.max(1, math.min(count, MOST, math.floor(vim.o.columns / COLUMNS) - 1))
end

---@param text string
---@return string[]
local function lines(text)
  local plain = text:gsub("\r\n", "\n"):gsub("\n$", "")
  return vim.split(plain, "\n", { plain = true })
end

--- Put a text into a window's buffer, and a title above it; `%<` says what goes if it is long.
---@param window integer
---@param text string
---@param title string
---@param more string
local function show(window, text, title, more)
  local buffer = vim.api.nvim_win_get_buf(window)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, true, lines(text))
  vim.bo[buffer].modifiable = false
  vim.wo[window][0].winbar = ("%s%%<%s"):format(title:gsub("%%", "%%%%"), more)
end

---@param view orps.View
local function close(view)
  if vim.api.nvim_tabpage_is_valid(view.tab) then
    vim.cmd.tabclose(vim.api.nvim_tabpage_get_number(view.tab))
  end
end

--- The refinement in the current window; the first one shown in that of the original.
---@param view orps.View
---@return table
local function current(view)
  local window = vim.api.nvim_get_current_win()
  for index = 2, #view.windows do
    if view.windows[index] == window then
      return view.items[view.first + index - 2]
    end
  end
  return view.items[view.first]
end

--- Show the refinements from `view.first` on.
---@param view orps.View
local function fill(view)
  view.turn = (view.turn or 0) + 1
  local turn = view.turn
  for pane = 1, view.count do
    view.load(view.items[view.first + pane - 1], function(texts)
      local window = view.windows[pane + 1]
      if turn ~= view.turn or not vim.api.nvim_win_is_valid(window) then
        return
      end
      if pane == 1 and vim.api.nvim_win_is_valid(view.windows[1]) then
        show(view.windows[1], texts.original, "original  " .. KEYS, "")
      end
      local number = #view.items > view.count and ("  (of %d)"):format(#view.items) or ""
      show(window, texts.refined, texts.title, number)
      view.notes[window] = texts.note
      vim.api.nvim_win_call(window, function()
        vim.cmd("diffupdate | silent! normal! gg]c")
      end)
    end)
  end
end

---@param view orps.View
---@param step integer
local function turn_to(view, step)
  local first = view.first + step
  if first >= 1 and first + view.count - 1 <= #view.items then
    view.first = first
    fill(view)
  else
    vim.notify(step > 0 and "ORPS: this is the last one." or "ORPS: this is the first one.")
  end
end

---@param view orps.View
---@param buffer integer
local function map_keys(view, buffer)
  local function map(key, what, run)
    vim.keymap.set("n", key, run, { buffer = buffer, nowait = true, desc = "ORPS: " .. what })
  end
  map("<CR>", "accept this refinement", function()
    view.accept(current(view), function()
      close(view)
    end)
  end)
  map("]r", "next refinement", function()
    turn_to(view, 1)
  end)
  map("[r", "previous refinement", function()
    turn_to(view, -1)
  end)
  map("q", "close without applying", function()
    close(view)
  end)
  map("K", "what the critic said", function()
    local note = view.notes[vim.api.nvim_get_current_win()]
    if note and note ~= "" then
      vim.lsp.util.open_floating_preview({ note }, "markdown", { border = "rounded" })
    end
  end)
end

--- A scratch buffer in the current window.
---@param view orps.View
---@return integer window
local function pane(view)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = "wipe"
  vim.api.nvim_win_set_buf(0, buffer)
  vim.bo[buffer].filetype = "python"
  map_keys(view, buffer)
  vim.cmd.diffthis()
  return vim.api.nvim_get_current_win()
end

--- Open the tab page. Nothing is changed before a refinement is accepted there.
---@param view orps.View
function M.open(view)
  view.notes = {}
  view.first = math.max(1, math.min(view.first, #view.items - view.count + 1))
  vim.cmd("tab split")
  view.tab = vim.api.nvim_get_current_tabpage()
  view.windows = { pane(view) }
  for _ = 1, view.count do
    vim.cmd("rightbelow vsplit")
    table.insert(view.windows, pane(view))
  end
  vim.cmd.wincmd("=")
  vim.api.nvim_set_current_win(view.windows[2])
  fill(view)
end

return M
