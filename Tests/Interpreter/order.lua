-- pairs and next go through every table in one order, whatever the seed of Lua's string hash (Sources/CShim/tables.c).

local function keys(t)
  local list = {}
  for k in pairs(t) do list[#list + 1] = k end
  return list
end

local function keys_by_next(t)
  local list, k = {}, nil
  repeat
    k = next(t, k)
    list[#list + 1] = k
  until k == nil
  return list
end

local function same(a, b)
  assert(#a == #b, #a .. " ~= " .. #b)
  for i = 1, #a do assert(rawequal(a[i], b[i]), i .. ": " .. tostring(a[i]) .. " ~= " .. tostring(b[i])) end
end

-- All kinds of keys at once. Objects stand in the order of their creation.
local first, second = {}, function() end
local third = coroutine.create(print)
local expected = {
  -math.huge, -1e300, math.mininteger, -2, -1.5, -1, 0, 0.5, 1, 1.5, 2, 10,
  1 << 53, (1 << 53) + 1, math.maxinteger, 2^63, 1e300, math.huge,
  "", "\0", "\0\0", "1", "Z", "a", "a\0", "a\0b", "aa", "abcdefgh", "abcdefgh\0", "abcdefgha", "abcdefghb", "b", "\xff",
  false, true, print, first, second, third,
}
for round = 1, 3 do
  local t = {}
  for i = 1, #expected do
    local k = expected[round == 1 and i or round == 2 and #expected + 1 - i or (i * 16) % #expected + 1]
    t[k] = i
  end
  same(keys(t), expected)
  same(keys_by_next(t), expected)
  assert(next(t) == -math.huge)
end

-- More keys than are sorted on the C stack.
for _, count in ipairs { 0, 1, 2, 7, 8, 9, 31, 32, 33, 64, 65, 66, 1000 } do
  local t, list = {}, {}
  for i = 1, count do
    list[i] = ("key %05d"):format(i)
    t[("key %05d"):format(i * 7919 % count + 1)] = i
  end
  if count == 0 or 7919 % count ~= 0 or count == 1 then same(keys(t), list) same(keys_by_next(t), list) end
  local sequence, numbers = {}, {}
  for i = 1, count do sequence[i], numbers[i] = i, i end
  same(keys(sequence), numbers)
  same(keys_by_next(sequence), numbers)
  sequence[0], numbers = true, table.move(numbers, 1, count, 2, { 0 })
  same(keys(sequence), numbers)
end

-- Fields may be changed and removed on the way, those ahead too.
for _, make in ipairs {
  function() return { 10, 20, 30, 40, 50 } end,
  function() return { a = 10, b = 20, c = 30, d = 40, e = 50 } end,
} do
  for _, walk in ipairs { pairs, function(t) return next, t end } do
    local t, seen = make(), 0
    for k in walk(t) do t[k] = nil seen = seen + 1 end
    assert(seen == 5 and next(t) == nil)

    t, seen = make(), {}
    for k, v in walk(t) do
      seen[#seen + 1] = v
      if v == 20 then
        for other, value in walk(t) do
          if value == 30 then t[other] = nil elseif value == 40 then t[other] = 44 end
        end
      end
    end
    assert(table.concat(seen, " ") == "10 20 44 50", table.concat(seen, " "))
  end
end

-- Traversals inside of each other, of the same table and of others.
local t, count = { x = 1, y = 2, z = 3 }, 0
for a in next, t do
  for b in pairs(t) do
    for c in next, t do count = count + 1 end
    for d in next, { p = 1, q = 2 } do count = count + 1 end
  end
end
assert(count == 3 * 3 * (3 + 2))

-- A new traversal sees what the last one could not.
t = { a = 1 }
assert(next(t, "a") == nil)
t.b = 2
assert(next(t) == "a" and next(t, "a") == "b" and next(t, "b") == nil)
t.b = nil
assert(next(t, "a") == nil and next({}) == nil and next({}, nil) == nil)

-- The iterator is an ordinary function: it can be asked out of turn, and started again.
local step, state, control = pairs { a = 1, b = 2, c = 3 }
assert(control == nil and step(state) == "a" and step(state, "b") == "c"
  and step(state, "a") == "b" and step(state, nil) == "a")
step, state = pairs { 5, 6, 7 }
assert(step(state) == 1 and step(state, 2) == 3 and step(state, 3) == nil and step(state, 1) == 2)

-- __pairs, and what is no table.
local seen = {}
local function own_pairs(self)
  return function(_, k) if not k then return 1, self end end, self, nil
end
for k, v in pairs(setmetatable({}, { __pairs = own_pairs })) do
  seen[#seen + 1] = v
end
assert(#seen == 1)
assert(select("#", pairs(setmetatable({}, { __pairs = function() end }))) == 3)
assert(not pcall(pairs) and not pcall(pairs, 1) and not pcall(next, 1) and not pcall(next))
assert(select(2, pcall(pairs, nil)):find("table expected"))

-- Many abandoned traversals.
local tables = {}
for i = 1, 100 do
  tables[i] = { a = i, b = i, c = i }
  assert(next(tables[i], "a") == "b")
end
for i = 1, 100 do assert(next(tables[i], "b") == "c" and next(tables[i], "c") == nil) end

for i, v in ipairs { 1, 2, nil, 4 } do assert(i <= 2 and i == v) end
