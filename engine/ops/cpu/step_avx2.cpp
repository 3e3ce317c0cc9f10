// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/step_isa.h"

#pragma GCC target("avx2,fma,f16c")
#include "ops/cpu/step_lanes.h"
#define MOONLET_STEP step_avx2
#include "ops/cpu/step_body.h"
