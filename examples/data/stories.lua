-- SPDX-License-Identifier: Apache-2.0
-- Short fables put together from parts, all written here: an animal wants something, meets
-- somebody, and learns. They give the demo model simple sentences to continue "Once upon a time".
--     stories.make(r, animal) -> text;  r from random.lua;  stories.animals

local stories = {}

stories.animals = { "fox", "crow", "lion", "mouse", "hare", "tortoise", "frog", "bear", "goat",
    "owl",
    "rabbit", "tiger", "duck", "cat", "dog", "wolf", "sparrow", "donkey", "ant", "bee" }

local traits = { "clever", "small", "proud", "kind", "lazy", "brave", "hungry", "young", "old",
    "quiet" }
local places = { "in a deep forest", "near a river", "on a green hill", "beside a lake",
    "at the edge of a village", "under a tall tree", "in a warm valley", "by the sea" }
local times = { "One day", "One morning", "One evening", "One summer day", "One cold winter night",
    "Early one spring morning" }
local wishes = {
    { "some sweet grapes", "the grapes" }, { "a piece of cheese", "the cheese" },
    { "a bowl of warm milk", "the milk" }, { "a shining moon stone", "the stone" },
    { "a dry place to sleep", "the place" }, { "a loaf of bread", "the bread" },
    { "a ripe red apple", "the apple" }, { "a jar of honey", "the honey" },
}
local troubles = { "but it was too high to reach", "but a wide river lay between them",
    "but a heavy stone stood in the way", "but the gate was shut", "but the path was dark",
    "but the wind was too strong" }
local requests = { "Will you help me?", "Can we do it together?", "What should I do?",
    "Do you know a way?" }
local yes = {
    { "Of course I will,", "Together they tried again, and soon they had %s.",
        "They shared it and became good friends.", "Friends make hard things easy." },
    { "If we work together, we can do it,",
        "They worked until the sun went down, and then %s was theirs.",
        "From that day on they helped each other.", "Two heads are better than one." },
    { "Be patient,", "They waited quietly, and in the morning they found %s.",
        "They were glad that they had waited.", "Patience brings what haste cannot." },
}
local no = {
    { "I have no time for you,", "So the %s went away without it, and nobody was happy.",
        "Later the proud one needed help too, and nobody came.", "Be kind while you can." },
    { "First give me all your food,", "The %s gave everything and got nothing back.",
        "It walked home hungry but wiser.", "Do not trust every promise." },
    { "You are too small for that,", "But the %s tried and tried until it was done.",
        "After that nobody laughed any more.", "Slow and steady wins." },
}

function stories.make(r, animal)
    animal = animal or r:pick(stories.animals)
    local friend
    repeat friend = r:pick(stories.animals) until friend ~= animal
    local trait, other = r:pick(traits), r:pick(traits)
    local wish = r:pick(wishes)
    local function a(word) return (word:match("^[aeiou]") and "an " or "a ") .. word end
    local good = r:chance(0.6)
    local turn = r:pick(good and yes or no)
    local opening = r:pick { "Once upon a time there was ", "Once upon a time there lived ",
        "There once lived ", "Long ago there lived " }
    local lines = {
        opening .. a(trait) .. " " .. animal .. " " .. r:pick(places) .. ".",
        ("%s the %s saw %s, %s."):format(r:pick(times), animal, wish[1], r:pick(troubles)),
        ('Then it met %s %s. "%s" asked the %s.'):format(a(other), friend, r:pick(requests),
            animal),
        ('"%s" said the %s.'):format(turn[1], friend),
        turn[2]:format(good and wish[2] or animal), turn[3],
    }
    if r:chance(0.7) then lines[#lines + 1] = "Moral: " .. turn[4] end
    return table.concat(lines, " ")
end

return stories
