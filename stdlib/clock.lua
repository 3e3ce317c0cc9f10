-- SPDX-License-Identifier: Apache-2.0
-- Seconds that pass: a monotonic clock and a sleep that Ctrl-C ends. Sleeping goes in slices, so
-- that the count hook behind Ctrl-C gets its turn between them. POSIX by LuaJIT's ffi, without it
-- the processor clock. It knows nothing of who waits.

local ok, ffi = pcall(require, "ffi")

local clock = {}

if ok and ffi.os ~= "Windows" then
    pcall(ffi.cdef, [[
        typedef struct { long tv_sec; long tv_nsec; } moonlet_timespec;
        int clock_gettime(int clock, moonlet_timespec *result);
        int poll(void *fds, unsigned long count, int milliseconds);
    ]])
    local monotonic = ffi.os == "OSX" and 6 or 1
    local time = ffi.new("moonlet_timespec")

    function clock.now()
        ffi.C.clock_gettime(monotonic, time)
        return tonumber(time.tv_sec) + tonumber(time.tv_nsec) * 1e-9
    end

    function clock.sleep(seconds)
        local stop = clock.now() + seconds
        local left = seconds
        while left > 0 do
            ffi.C.poll(nil, 0, math.max(1, math.min(20, math.ceil(left * 1000))))
            left = stop - clock.now()
        end
    end
else
    clock.now = os.clock
    function clock.sleep(seconds)
        local stop = os.clock() + seconds
        repeat until os.clock() >= stop
    end
end

return clock
