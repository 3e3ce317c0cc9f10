-- SPDX-License-Identifier: Apache-2.0
-- Waiting for jobs (HTTP transfers, child processes): the native wait over all of them at once.
-- It knows no kind of job.

local native = require("moonlet_base").functions

local jobs = {}

--- Waits until one of `list` is done or has output, at most `seconds` (nil: as long as it takes).
--- "ready", "timeout", or "interrupt" when Ctrl-C was pressed.
function jobs.wait(list, seconds) return native["_jobs.wait"](list, seconds) end

return jobs
