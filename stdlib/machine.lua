-- SPDX-License-Identifier: Apache-2.0
-- models.machine(): what this processor gives at most, measured now (half a second), so that a
-- speed can be told as a share of it. A token that is written reads all weights once: reading
-- bounds it. A prompt is bound by products. It measures nothing itself.

local class = require "moonlet.class"

---@class Machine
---@field isa string the instructions our kernels use: "avx2", "avx512_vnni", "avx512_bf16", "amx"
---@field threads integer of our kernels
---@field read number bytes a second, read from memory by all threads
---@field int8 number products a second (each with an addition), of operands in registers
---@field bf16 number likewise
---@field f32 number likewise
---@field matrices number likewise, in LibTorch's product of two bf16 matrices
local meta = class("Machine")

function meta.__tostring(self)
    return ("%s · %d threads · reads %.1f GB/s · products %.0f G/s int8, %.0f bf16, %.0f f32; "
        .. "matrices %.0f bf16"):format(self.isa, self.threads, self.read / 1e9, self.int8 / 1e9,
        self.bf16 / 1e9, self.f32 / 1e9, self.matrices / 1e9)
end

local machine = {}

function machine.measure()
    return setmetatable(require("moonlet_engine").functions["_models.machine"](), meta)
end

return machine
