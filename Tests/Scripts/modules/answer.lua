-- A module for sandbox_spec.lua.
return { answer = 42, name = ... }
