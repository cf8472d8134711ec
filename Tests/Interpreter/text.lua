-- Objects are shown by their serials, never by an address (Sources/CShim/strings.c).

local function number(text) return tonumber(text:match("0x(%x+)$"), 16) end

local a, b = {}, {}
assert(tostring(a):match("^table: 0x%x%x%x%x%x%x%x%x$"))
assert(number(tostring(b)) == number(tostring(a)) + 1, "serials follow the order of creation")
assert(tostring(a) == tostring(a) and tostring(print):match("^function: 0x%x+$"))
assert(tostring(print) ~= tostring(pcall) and tostring(function() end):match("^function: 0x%x+$"))
assert(tostring(coroutine.running()):match("^thread: 0x%x+$"))
assert(tostring(setmetatable({}, { __name = "Queue" })):match("^Queue: 0x%x+$"))
assert(tostring(setmetatable({}, { __name = 7 })):match("^table: 0x%x+$"))
assert(tostring(setmetatable({}, { __tostring = function() return "me" end })) == "me")
local mute = setmetatable({}, { __tostring = function() return {} end })
assert(select(2, pcall(tostring, mute)):find("must return a string"))
assert(tostring(nil) == "nil" and tostring(true) == "true" and tostring("x") == "x")
assert(tostring(12) == "12" and tostring(1.5) == "1.5")
assert(not pcall(tostring))

assert(("%s|%s|%5s|%-5s|"):format(a, 1, "x", nil) == tostring(a) .. "|1|    x|nil  |")
assert(("%s %%s %s"):format(a, b) == tostring(a) .. " %s " .. tostring(b))
assert(("%p"):format(a) == tostring(a):match("0x%x+"))
assert(("%p %s"):format(a, b) == ("%p"):format(a) .. " " .. tostring(b))
assert(("%15p|%-15p|"):format(a, a) == ("%15s|%-15s|"):format(("%p"):format(a), ("%p"):format(a)))
assert(("%p"):format("abc") == ("%p"):format("ab" .. "c") and ("%p"):format("abc") ~= ("%p"):format("abd"))
assert(("%p"):format(1) == "(null)" and ("%p"):format(nil) == "(null)")
assert(("%q"):format('a"\n\0') == '"a\\"\\\n\\0"' and not pcall(string.format, "%q", {}))
assert(("%d %5.2f %x %g %c %i %s"):format(3, 2.5, 255, 1e20, 65, 4, true) == "3  2.50 ff 1e+20 A 4 true")
assert(("%.3s"):format(setmetatable({}, { __tostring = function() return "abcdef" end })) == "abc")
local ok, message = pcall(string.format, "%s %d", 1, "x")
assert(not ok and message:find("bad argument #3 to 'string.format'", 1, true), message)
ok, message = pcall(string.format, "%s %s", 1)
assert(not ok and message:find("bad argument #3 to 'string.format' (no value)", 1, true), message)
for _, wrong in ipairs { "%", "%y", "%5", "%.3p", "%-", "%.", "%0999s" } do
  assert(not pcall(string.format, wrong, a, a), wrong)
end
assert(not pcall(string.format))

assert(("ab"):rep(3, ",") == "ab,ab,ab" and ("x"):rep(0) == "" and ("x"):rep(-1) == "")
assert(not pcall(string.rep, "x", math.maxinteger))
assert(not pcall(string.rep, "xx", math.maxinteger, "yy"))

-- A function with two names has one in messages.
say, log = string.rep, string.rep
package.loaded.other = { rep = string.rep }
for _ = 1, 3 do assert(select(2, pcall(say)):find("string.rep", 1, true), select(2, pcall(say))) end
local _, trace = xpcall(string.rep, debug.traceback)
assert(trace:find("in function 'string.rep'", 1, true), trace)
