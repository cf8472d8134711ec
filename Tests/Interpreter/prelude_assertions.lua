-- lua5.4 Tests/Interpreter/prelude_assertions.lua, from the repository's root.
local folder = (arg and arg[1] or "Sources/KernelScript/Preludes") .. "/"
local ks = { C = setmetatable({ EINVAL = 22, EBADF = 9 }, {
  __index = function(_, name) error("no constant " .. name) end,
}) }
function ks.errno(number) return number == 22 and "EINVAL" or "EBADF" end
ks.inspect = assert(loadfile(folder .. "inspect.lua"))(ks)
local check = assert(loadfile(folder .. "assertions.lua"))(ks)

local function line() return debug.getinfo(2, "l").currentline end

local function fails(body, ...)
  local ok, raised = pcall(body)
  assert(not ok, "nothing was raised")
  for _, part in ipairs { ... } do assert(tostring(raised):find(part, 1, true), tostring(raised)) end
  return raised
end

assert(select("#", check(1, 2, 3)) == 3)
fails(function() check(false) end, "assertion failed!")
assert(fails(function() check(nil, ks) end, "table") == ks)
check.equal(1, 1.0)
check.are.equal("a", "a")
check.is_not.equal(1, 2)
check.are_not_equal(1, 2)
check.Not.equal({}, {})
check.same({ 1, { a = 2 } }, { 1, { a = 2 } })
check.are_not.same({ 1 }, { 1, 2 })
check.is.True(true)
check.is_false(false)
check.truthy(0)
check.is_falsy(nil)
check.is_nil(nil)
check.is_nil()
check.is_not_nil(false)
check.is_not.Nil(1)
check.near(1, 1.05, 0.1)
check.is_not.near(1, 2, 0.1)
check.is_string "x"
check.is.table {}
check.is_not_function(1)
assert(check.matches("(%d+)", "ab12") == "12")
check.has_error(function() error "boom" end, "boom")
check.has.errors(function() error { code = 1 } end, { code = 1 })
check.has_error(function() error { name = "EBADF" } end, "EBADF")
check.has_no.errors(function() end)
check.error_matches(function() error "boom 12" end, "%d+")
check.has_error.matches(function() error "boom 12" end, "boom", 1, true)
check.errno("EINVAL", nil, "read(1): EINVAL (Invalid argument)", 22)
check.errno(22, nil, "read(1): EINVAL (Invalid argument)", 22)

local raised = fails(function() check.equal(1, 2, "why") end, "why", "expected: 1", "actual:   2")
assert(raised.where:find("prelude_assertions.lua:" .. line() - 1, 1, true), raised.where)
local one, other = { a = { b = { 1, 2, 3 } } }, { a = { b = { 1, 2, 4 } } }
fails(function() check.same(one, other) end, "first difference at .a.b[3]: expected 3, actual 4")
fails(function() check.same({ 1 }, { 1, x = 2 }) end, "first difference at .x: expected nil, actual 2")
one.self, other.self, other.a.b[3] = one, other, 3
check.same(one, other)
fails(function() check.equal({ 1 }, { 1 }) end, "assert.same compares those")
fails(function() check.has_error(function() error "boom" end, "bang") end, 'error: "bang"', "boom")
fails(function() check.has_error(function() end) end, "nothing was raised")
fails(function() check.has_error(1) end, "takes a function", ":" .. line())
fails(function() check.has_no_error(function() error "boom" end) end, "expected no error", "boom")
fails(function() check.equal(1) end, "takes 2 values, got 1")
fails(function() check.errno("EBADF", nil, "read(1): EINVAL (Invalid argument)", 22) end, "expected EBADF", "read(1)")
fails(function() check.errno("EBADF", 5) end, "success, with 5")
fails(function() check.errno("EBUDF", 5) end, "no constant EBUDF")
fails(function() check.is_ture(1) end, "no assertion assert.is_ture; did you mean assert.true?", ":" .. line())
fails(function() check.spy(print) end, "not offered")
fails(function() check.message("why").is_true(false) end, "why", "expected true")
fails(function() check.is_true(nil, "read(1): EBADF", 9) end, "read(1): EBADF", "expected true")
print "ok"
