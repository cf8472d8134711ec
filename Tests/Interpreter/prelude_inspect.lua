-- lua5.4 Tests/Interpreter/prelude_inspect.lua, from the repository's root.
local folder = (arg and arg[1] or "Sources/KernelScript/Preludes") .. "/"
local inspect = assert(loadfile(folder .. "inspect.lua"))({})

local function is(expected, value, options)
  local text = inspect(value, options)
  assert(text == expected, text)
end

for _, value in ipairs { 0.1, 1 / 3, 1e100, -2.5e-10, 5e-324, 1.7976931348623157e308, math.mininteger, "\0\xFF" } do
  local read = load("return " .. inspect(value))()
  assert(read == value and math.type(read) == math.type(value), inspect(value))
end
is("1e100", 1e100)
is("3.0", 3.0)
is("0/0", 0 / 0)
is("-math.huge", -math.huge)
is([["a\n\x00\"\\é"]], 'a\n\0"\\é')
is([["\xFF\xC3\xA9"]], "\xFFé")
is("{}", {})
is('{ 1, { 2 }, [1.5] = true, [9] = 0, ["end"] = 1, x = "y", [false] = 2 }',
  { 1, { 2 }, [9] = 0, [1.5] = true, x = "y", ["end"] = 1, [false] = 2 })
local cyclic = { f = print }
cyclic.self = cyclic
is("{ f = <function>, self = <cycle> }", cyclic)
is("{ { {...} } }", { { { 1 } } }, { depth = 2 })
is("EBADF", setmetatable({}, { __tostring = function() return "EBADF" end }))
is("{ <table whose __tostring failed> }", { setmetatable({}, { __tostring = error }) })
is("{\n  a = {\n    1, 2, 3,\n    4, 5,\n  },\n}", { a = { 1, 2, 3, 4, 5 } }, { width = 14 })
is('{ name = "' .. ("x"):rep(59) .. '" }', { name = ("x"):rep(59) }) -- 72 columns
is('{\n  name = "' .. ("x"):rep(60) .. '",\n}', { name = ("x"):rep(60) })
print "ok"
