-- SPDX-License-Identifier: Apache-2.0
-- tools.calculator: exact numbers, precedence, functions, and what it says of nonsense. Expected
-- values of large numbers were computed by Python's integers and fractions.
local t = require "spec"

local compute = tools.calculator()

local function value(text) return compute { expression = text } end

t.test("operators", function()
    for text, wanted in pairs { ["1 + 2 * 3"] = "7", ["(1 + 2) * 3"] = "9", ["-2^2"] = "-4",
        ["2^3^2"] = "512", ["2**3**2"] = "512", ["2^-2"] = "0.25", ["7 % 3"] = "1",
        ["-7 % 3"] = "2", ["3.5 % 2"] = "1.5", ["5!"] = "120", ["- - 3"] = "3",
        ["10 - 2 - 3"] = "5",
        ["100 / 10 / 5"] = "2", ["5 × 3 − 1"] = "14", ["8 ÷ 2"] = "4", [".5 + 1."] = "1.5",
        ["1e-3 * 5"] = "0.005" } do
        t.eq(value(text), wanted, text)
    end
end)

t.test("exact where a double is not", function()
    for text, wanted in pairs { ["0.1 + 0.2"] = "0.3", ["1/7*7"] = "1", ["2^100"] =
        "1267650600228229401496703205376", ["123456789123456789 * 987654321987654321"] =
        "121932631356500531347203169112635269", ["30!"] = "265252859812191058636308480000000",
        ["10^25 - 1"] = "9999999999999999999999999", ["100000000000000000000 / 3 * 3"] =
        "100000000000000000000", ["1/3"] = "0.333333333333333", ["sqrt(0.25)"] = "0.5",
        ["987654321987654321987654321 / 123456789"] = "8.0000000809e+18",
        ["99999999999999999999 % 1234567891011"] = "828108999999",
        ["gcd(2^64 - 1, 2^40 - 1)"] = "255", ["round(2.675, 2)"] = "2.68" } do
        t.eq(value(text), wanted, text)
    end
end)

t.test("functions", function()
    for text, wanted in pairs { ["sqrt(2)"] = "1.4142135623731", ["sin(pi / 2)"] = "1",
        ["round(-2.5)"] = "-3", ["floor(-0.5)"] = "-1", ["ceil(1.2)"] = "2", ["max(1, 5, 3)"] = "5",
        ["log(8, 2)"] = "3", ["ln(e)"] = "1", ["log10(1000)"] = "3", ["abs(-3/4)"] = "0.75",
        ["degrees(pi)"] = "180", ["atan2(1, 1) * 4 - pi"] = "0", ["SQRT(16)"] = "4" } do
        t.eq(value(text), wanted, text)
    end
end)

t.test("nonsense is answered with words", function()
    for text, wanted in pairs { [""] = "a number is missing", ["1 +"] = "a number is missing",
        ["(1 + 2"] = "a %) is missing", ["2 3"] = "an operator is wanted at character 3",
        ["1 / 0"] = "division by zero", ["foo(1)"] = "no function 'foo'", ["x + 1"] = "'x' is no",
        ["sqrt(-1)"] = "not a real number", ["9^9^9"] = "not a real number, or too large",
        ["10^9999"] = "more than 2000 digits", ["sqrt(1, 2)"] = "wants 1 arguments, not 2",
        ["701!"] = "from 0 to 700", ["1,000"] = "an operator is wanted",
        ["os.exit()"] = "'os' is no number", [("("):rep(1000)] = "nested too deep",
        [("-"):rep(1000) .. "1"] = "nested too deep", [("1+"):rep(9000) .. "1"] = "longer than",
        ["0^-1"] = "division by zero" } do
        t.error(function() value(text) end, wanted)
    end
    t.match(compute:answer({ expression = 3 }).content, "expression is 3")
end)

t.done()
