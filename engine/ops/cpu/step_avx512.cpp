// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/step_isa.h"

#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")
#define MOONLET_LANES_512
#include "ops/cpu/step_lanes.h"
#define MOONLET_STEP step_avx512
#include "ops/cpu/step_body.h"
