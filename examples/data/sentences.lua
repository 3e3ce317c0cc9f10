-- SPDX-License-Identifier: Apache-2.0
-- Sentences of four topics, and strangers that belong to none: for clusters and outliers.
--     local s = dofile "sentences.lua";  s.topics.sport[1];  s.strangers[1]

local topics = {
    cooking = { "Chop the onions and fry them in butter.", "The soup needs more salt.",
    "Bake the bread for forty minutes.", "She stirred the sauce slowly.",
    "A recipe for potato dumplings.", "Boil the rice until it is soft.",
    "He whisked the eggs with sugar." },
    sport = { "The striker scored twice before half time.", "She won the marathon in record time.",
    "The referee stopped the match.", "Our team lost the final on penalties.",
    "He trains for the hundred metres.", "The goalkeeper saved every shot.",
    "They practise volleyball on Mondays." },
    money = { "Stock prices fell sharply today.", "The bank raised its interest rates.",
    "Investors sold their bonds.", "Inflation eats up our savings.", "The company paid a dividend.",
    "The market lost four percent.", "He took out a loan for the house." },
    weather = { "Heavy rain is expected tonight.", "A cold wind blew from the north.",
    "The sun shone all week.", "Fog covered the valley in the morning.",
    "Snow fell on the mountains.", "The storm tore down trees.", "It is too hot and dry in July." } }

return { topics = topics, strangers = { "The violinist tuned her instrument.", "Compile the program with optimisation.",
    "The bishop moves along the diagonals.", "고양이가 소파에서 잔다." } }
