-- Runs one case of a spec file, or lists them all. A main script: task 1 of a fresh kernel, with the file and the number of
-- the case as arguments; what it finds goes to the machine through ks.report.
local file, number = ...
local ks = require "kscript"
local spec, source = ks.spec, ks.spec_source()

for name, value in pairs(spec.environment) do _G[name] = value end
local chunk, message = load(source, "@" .. file, "t")
local cases = spec.collect(chunk or message, file, source)

if number == "0" then
  for _, case in ipairs(cases) do
    ks.report("case", case.name, ("%s:%d"):format(case.file, case.line), table.concat(case.tags, " "),
      case.pending and "pending" or "", table.concat(case.covers or {}, " "))
  end
else
  local result = spec.run(cases[tonumber(number)])
  ks.report("result", result.status, result.message or "", result.traceback or "", result.where or "")
end
