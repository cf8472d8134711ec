-- Runs one case of a spec file, or lists them all. A main script: task 1 of a fresh kernel, with the file and the
-- number of the case as arguments; what it finds goes to the machine through ks.report. With "leaks" as the third, a
-- case that passes must have closed what it opened and waited for what it started.
local file, number, checks = ...
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
  local left = checks == "leaks" and result.status == "passed" and ks.leaks()
  if left then result.status, result.message = "failed", left end
  ks.report("result", result.status, result.message or "", result.traceback or "", result.where or "")
end
