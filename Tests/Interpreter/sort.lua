-- table.sort merges: stable, the same comparisons in every run (Sources/CShim/sort.c).

local function check(list, less)
  less = less or function(a, b) return a < b end
  for i = 2, #list do assert(not less(list[i], list[i - 1])) end
end

for _, count in ipairs { 0, 1, 2, 3, 10, 100, 1001 } do
  local list = {}
  for i = 1, count do list[i] = i * 7919 % 1009 end
  table.sort(list)
  check(list)
  table.sort(list, function(a, b) return a > b end)
  check(list, function(a, b) return a > b end)
end

local records = {}
for i = 1, 200 do records[i] = { key = i % 5, at = i } end
table.sort(records, function(a, b) return a.key < b.key end)
for i = 2, 200 do
  local a, b = records[i - 1], records[i]
  assert(a.key < b.key or a.key == b.key and a.at < b.at, "equal elements keep their order")
end
table.sort(records, function() return true end) -- no order at all, yet no crash

local words = { "b", "a", "\xff", "", "aa" }
table.sort(words)
assert(table.concat(words, ",") == ",a,aa,b,\xff")

local class = { __lt = function(a, b) return a.n < b.n end }
local objects = {}
for i = 1, 10 do objects[i] = setmetatable({ n = i * 3 % 11 }, class) end
table.sort(objects)
for i = 2, 10 do assert(objects[i - 1].n < objects[i].n) end

local hidden = { 3, 1, 2 }
local proxy = setmetatable({}, {
  __index = hidden, __newindex = function(_, k, v) hidden[k] = v end, __len = function() return #hidden end,
})
table.sort(proxy)
assert(table.concat(hidden, " ") == "1 2 3" and rawlen(proxy) == 0)

local ok, message = pcall(table.sort, { 3, nil, 1, 2 })
assert(not ok and message:find("attempt to compare"), message)
local mixed = { 1, "x", 2 }
ok, message = pcall(table.sort, mixed)
assert(not ok and message:find("attempt to compare") and mixed[1] == 1 and mixed[2] == "x")
ok, message = pcall(table.sort, { 1, 2 }, 5)
assert(not ok and message:find("function expected"))
assert(not pcall(table.sort) and not pcall(table.sort, 5))
assert(not pcall(table.sort, setmetatable({}, { __len = function() return math.maxinteger end })))
ok, message = pcall(table.sort, { 3, 2, 1 }, function() error({}) end)
assert(not ok and type(message) == "table")
local yielding = coroutine.create(function() table.sort({ 2, 1 }, coroutine.yield) end)
assert(select(2, coroutine.resume(yielding)):find("yield across"))
