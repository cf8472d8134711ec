-- getopt(3) as posix.unistd has it: an iterator over the options of a list of arguments, quiet unless told otherwise.
local base = require "posix._base"
local ks = require "kscript"

return base.checked("getopt", "table string integer? integer?", function(arguments, letters, tells, first)
  local stops_early = letters:sub(1, 1) == "+"
  if stops_early then letters = letters:sub(2) end
  local is_silent = letters:sub(1, 1) == ":"
  local takes = {} -- by letter: "" for nothing, ":" for a value, "::" for one that is attached to it
  for letter, wanted in letters:gmatch "([^:])(:?:?)" do takes[letter] = wanted end
  local position, at = first or 1, 2 -- the argument, and the letter in it

  local function complain(text, letter)
    if not tells or tells == 0 or is_silent then return end
    ks.console.error_write(("%s: %s -- '%s'\n"):format(arguments[0] or "", text, letter))
  end

  -- The letter, its value, and the index of the argument that comes next.
  return function()
    while at == 2 and arguments[position] and not arguments[position]:find "^%-." do
      if stops_early then return end
      position = position + 1
    end
    local argument = arguments[position]
    if not argument or argument == "--" then return end
    local letter, tail = argument:sub(at, at), argument:sub(at + 1)
    local wanted = letter ~= ":" and takes[letter]
    if not wanted or wanted == "" then
      at = at + 1
      if tail == "" then position, at = position + 1, 2 end
      if not wanted then complain("invalid option", letter) end
      return wanted and letter or "?", nil, position
    end
    position, at = position + 1, 2
    if tail ~= "" or wanted == "::" then return letter, tail ~= "" and tail or nil, position end
    if arguments[position] then
      position = position + 1
      return letter, arguments[position - 1], position
    end
    complain("option requires an argument", letter)
    return is_silent and ":" or "?", nil, position
  end
end)
