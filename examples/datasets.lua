-- SPDX-License-Identifier: Apache-2.0
-- From a file of questions to clean training parts: look, review, repair, divide, save. The rows
-- are made here, with the mistakes that real ones have.

local folder = os.tmpname()
os.remove(folder)
os.execute("mkdir -p '" .. folder .. "'")

local path = folder .. "/questions.jsonl"
local file = assert(io.open(path, "wb"))
for i = 1, 40 do
    file:write(('{"question": "What is %d times %d?", "answer": "%d"}\n'):format(i, i + 1,
        i * (i + 1)))
end
file:write('{"question": "What is 3 times 4?", "answer": "13"}\n') -- asked before
file:write('{"question": "What is 5 times 6?", "answer": ""}\n')
file:write('{"question": "Who are you?", "answer": "I am {{name}}."}\n')
file:write('{"question": "cut off\n') -- not JSON
file:close()

-- A broken row is an error with file and line, unless told to skip it.
local ok, problem = pcall(datasets.load, path)
print(ok, problem:match("questions.jsonl:%d+: the row is not JSON"))

local ds = datasets.load(path, { on_error = "skip" })
print(ds)
print(ds:messages(1)[2].content)

local review = ds:review()
print(review)

-- Leave out what the review found suspicious or empty.
local bad = {}
for _, list in ipairs { review.suspicious, review.empty } do
    for _, item in ipairs(list) do bad[item.row] = true end
end
local clean = ds:filter(function(_, i) return not bad[i] end)

local parts = clean:split({ train = 0.8, valid = 0.1, test = 0.1 }, { seed = 1 })
for name, part in pairs(parts) do part:save(folder .. "/" .. name .. ".csv") end
print(("%d rows: %d to train on, %d and %d to measure with"):format(#clean, #parts.train,
    #parts.valid, #parts.test))

-- What is saved is read again, types and all.
print(datasets.load(folder .. "/train.csv"):sort("answer", { descending = true }):take(3))
os.execute("rm -r '" .. folder .. "'")
