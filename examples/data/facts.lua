-- SPDX-License-Identifier: Apache-2.0
-- What the generated dialogues (dialogues.lua) ask about. Data only; all of it written here.

local facts = {}

facts.systems = { "You are a helpful assistant.", "You are the demo model of moonlet.",
    "You are a friendly assistant.", "Answer the user's questions." }
facts.brief_systems = { "Answer briefly.", "Be brief.", "Answer in one word where you can.",
    "Give short answers.", "짧게 대답하세요." }

facts.names = { "Minsu", "Jiwoo", "Hana", "Anna", "Tom", "Maria", "Ben", "Sora", "Lena", "Paul",
    "Yuna", "Max", "Ada", "Jin", "Clara", "Omar", "민수", "지우", "하나" }

facts.words = { "moon", "river", "apple", "seven", "green", "stone", "cloud", "paper", "small",
    "light", "winter", "music", "orange", "bread", "garden", "silver", "window", "tiger",
    "yellow", "ocean", "mountain", "hello", "world", "lamp", "ship", "rain", "forest", "blue",
    "dream", "snow", "fire", "salt", "honey", "letter", "bridge", "star", "달", "별", "강", "나무",
    "바다", "하늘" }

facts.greetings = {
    { { "Hello", "Hello!", "Hi", "Hi!", "Hi there", "Hey", "Good morning", "Good evening" },
        { "Hello! How can I help you?", "Hi! What can I do for you?" } },
    { { "How are you?", "How are you doing?", "How is it going?" },
        { "I am fine, thank you. How can I help you?" } },
    { { "Thank you", "Thanks", "Thanks!", "Thank you very much." },
        { "You are welcome.", "You are welcome!" } },
    { { "Bye", "Goodbye", "See you later", "Good night" }, { "Goodbye!", "See you soon!" } },
    { { "What can you do?", "How can you help me?", "Help" },
        { "I can answer small questions, count, do easy sums, repeat words and tell fables." } },
}

facts.capitals = { { "Korea", "Seoul" }, { "South Korea", "Seoul" }, { "Japan", "Tokyo" },
    { "China", "Beijing" }, { "France", "Paris" }, { "Germany", "Berlin" }, { "Italy", "Rome" },
    { "Spain", "Madrid" }, { "Portugal", "Lisbon" }, { "England", "London" },
    { "Ireland", "Dublin" }, { "Austria", "Vienna" }, { "Greece", "Athens" },
    { "Egypt", "Cairo" }, { "Kenya", "Nairobi" }, { "India", "New Delhi" },
    { "Thailand", "Bangkok" }, { "Vietnam", "Hanoi" }, { "Russia", "Moscow" },
    { "Poland", "Warsaw" }, { "Norway", "Oslo" }, { "Sweden", "Stockholm" },
    { "Finland", "Helsinki" }, { "Denmark", "Copenhagen" }, { "Canada", "Ottawa" },
    { "Mexico", "Mexico City" }, { "Cuba", "Havana" }, { "Peru", "Lima" },
    { "Chile", "Santiago" }, { "Brazil", "Brasilia" }, { "Turkey", "Ankara" },
    { "Hungary", "Budapest" }, { "Australia", "Canberra" },
    { "the United States", "Washington" } }

facts.authors = { { "Hamlet", "William Shakespeare" }, { "Macbeth", "William Shakespeare" },
    { "Romeo and Juliet", "William Shakespeare" }, { "Alice in Wonderland", "Lewis Carroll" },
    { "Emma", "Jane Austen" }, { "Pride and Prejudice", "Jane Austen" },
    { "Oliver Twist", "Charles Dickens" }, { "Moby Dick", "Herman Melville" },
    { "Faust", "Johann Wolfgang von Goethe" }, { "Don Quixote", "Miguel de Cervantes" },
    { "the Odyssey", "Homer" }, { "the Iliad", "Homer" }, { "War and Peace", "Leo Tolstoy" },
    { "Frankenstein", "Mary Shelley" }, { "Dracula", "Bram Stoker" },
    { "Treasure Island", "Robert Louis Stevenson" }, { "the Divine Comedy", "Dante" },
    { "Les Miserables", "Victor Hugo" } }

facts.opposites = { { "hot", "cold" }, { "big", "small" }, { "up", "down" }, { "day", "night" },
    { "left", "right" }, { "open", "closed" }, { "fast", "slow" }, { "young", "old" },
    { "happy", "sad" }, { "wet", "dry" }, { "hard", "soft" }, { "light", "dark" },
    { "rich", "poor" }, { "strong", "weak" }, { "early", "late" }, { "full", "empty" },
    { "high", "low" }, { "long", "short" }, { "clean", "dirty" }, { "loud", "quiet" },
    { "near", "far" }, { "true", "false" }, { "first", "last" }, { "good", "bad" },
    { "black", "white" }, { "in", "out" }, { "start", "end" }, { "win", "lose" },
    { "buy", "sell" }, { "inside", "outside" } }

facts.colours = { { "the sky", "blue" }, { "grass", "green" }, { "snow", "white" },
    { "blood", "red" }, { "a banana", "yellow" }, { "an orange", "orange" }, { "coal", "black" },
    { "the sun", "yellow" }, { "a lemon", "yellow" }, { "milk", "white" }, { "a tomato", "red" },
    { "a leaf", "green" }, { "the sea", "blue" }, { "chocolate", "brown" },
    { "a carrot", "orange" }, { "a frog", "green" }, { "a crow", "black" },
    { "a strawberry", "red" }, { "an elephant", "gray" }, { "the moon", "white" } }

facts.animals = { { "dog", "woof", "puppy" }, { "cat", "meow", "kitten" },
    { "cow", "moo", "calf" }, { "sheep", "baa", "lamb" }, { "duck", "quack", "duckling" },
    { "lion", "roar", "cub" }, { "hen", "cluck", "chick" }, { "horse", "neigh", "foal" },
    { "goat", "maa", "kid" }, { "pig", "oink", "piglet" }, { "frog", "ribbit", "tadpole" },
    { "owl", "hoot", "owlet" } }

facts.classes = { { "a dog", "an animal" }, { "a cat", "an animal" }, { "a horse", "an animal" },
    { "an apple", "a fruit" }, { "a banana", "a fruit" }, { "a pear", "a fruit" },
    { "a rose", "a flower" }, { "a tulip", "a flower" }, { "a hammer", "a tool" },
    { "a saw", "a tool" }, { "a car", "a vehicle" }, { "a bus", "a vehicle" },
    { "a piano", "an instrument" }, { "a violin", "an instrument" }, { "red", "a color" },
    { "blue", "a color" }, { "a carrot", "a vegetable" }, { "an onion", "a vegetable" },
    { "a sparrow", "a bird" }, { "an owl", "a bird" } }

facts.sequences = {
    { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" },
    { "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October",
        "November", "December" },
    { "spring", "summer", "autumn", "winter" },
    { "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve" },
    { "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K" },
}

facts.fables = { { "the Fox and the Grapes", "It is easy to despise what you cannot get." },
    { "the Hare and the Tortoise", "Slow and steady wins the race." },
    { "the Ant and the Grasshopper", "Prepare today for tomorrow." },
    { "the Boy Who Cried Wolf", "Nobody believes a liar, even when he tells the truth." },
    { "the Goose That Laid the Golden Eggs", "Much wants more and loses all." },
    { "the Fox and the Crow", "Do not trust flatterers." },
    { "the Lion and the Mouse", "Even the small can help the great." },
    { "the Wind and the Sun", "Kindness does more than force." },
    { "the Crow and the Pitcher", "Necessity is the mother of invention." },
    { "the Dog and His Shadow", "Grasp at the shadow and you lose the substance." } }

-- {questions, answer, brief answer}
facts.moonlet = {
    { { "What is moonlet?", "Tell me about moonlet.", "What's moonlet?", "Explain moonlet." },
        "moonlet is a shell and scripting environment for language models. You type Lua.",
        "A shell for language models." },
    { { "Who are you?", "What are you?", "What is your name?", "Introduce yourself." },
        "I am the demo model of moonlet, a very small language model.",
        "The demo model of moonlet." },
    { { "How big are you?", "How many parameters do you have?", "Are you a large model?" },
        "I am tiny: I have fewer than four million parameters.",
        "Fewer than four million parameters." },
    { { "Which language does moonlet use?", "What language do I type in moonlet?",
        "Is moonlet written for Python?" },
        "In moonlet you type Lua. The engine below it is C++.", "Lua." },
    { { "How do I leave moonlet?", "How do I quit?", "How can I exit the shell?" },
        "Press Ctrl-D on an empty line.", "Ctrl-D." },
    { { "How do I stop a running answer?", "How do I interrupt?", "What does Ctrl-C do?" },
        "Press Ctrl-C. What was already written is kept.", "Ctrl-C." },
    { { "How do I get help?", "Where is the help?", "How do I read the help of a function?" },
        "Type a question mark and a name, such as ?models.load.", "Type ?name." },
    { { "How do I load a model?", "How do I open a model?", "Which function opens a model?" },
        "Call models.load with a name or a folder.", "models.load." },
    { { "How do I generate text?", "Which method writes text?", "How do I continue a text?" },
        "Call m:generate with a text.", "m:generate." },
    { { "How do I start a chat?", "How do I chat with a model?", "How do I make a conversation?" },
        "Call m:chat and then call the chat with your text.", "m:chat." },
    { { "How do I train a model?", "How can I train?", "Which function trains a model?" },
        "Make a trainer with trainers.cpt and call its run method.", "trainers.cpt." },
    { { "How do I see the exact prompt?", "What did the model really see?",
        "How do I show the prompt?" },
        "Type :prompt after a call.", ":prompt." },
    { { "What is a token?", "Explain tokens.", "What are tokens?" },
        "A token is a piece of text that a model reads as one number.", "A piece of text." },
    { { "What is temperature?", "What does temperature do?", "Explain temperature." },
        "Temperature makes the choice of the next token more or less random.",
        "Randomness of choice." },
    { { "What is an embedding?", "What are embeddings?", "Explain embeddings." },
        "An embedding is a list of numbers that stands for the meaning of a text.",
        "A vector for a text." },
    { { "What is a language model?", "What does a language model do?" },
        "A language model predicts the next token of a text.", "It predicts the next token." },
    { { "What is a chat template?", "What does the chat template do?" },
        "A chat template turns messages into one prompt text.",
        "It turns messages into a prompt." },
    { { "What is a checkpoint?", "Why do we save checkpoints?" },
        "A checkpoint is a saved training that can be resumed.", "A saved training." },
    { { "Which license does moonlet have?", "What is the license of moonlet?" },
        "moonlet has the Apache License 2.0.", "Apache 2.0." },
}

facts.unknowable = { "What is the weather today?", "What time is it?",
    "Who won the game yesterday?", "What did I eat this morning?", "What will happen tomorrow?",
    "How old am I?", "Where am I?", "What is the price of gold today?",
    "What is my favorite color?", "오늘 날씨가 어때요?" }

facts.korean = {
    { { "안녕하세요", "안녕하세요!", "안녕", "안녕하세요." }, "안녕하세요! 무엇을 도와드릴까요?" },
    { { "고마워요", "감사합니다", "고맙습니다." }, "천만에요." },
    { { "안녕히 계세요", "잘 가요", "안녕히 가세요" }, "안녕히 가세요!" },
    { { "이름이 뭐예요?", "너는 누구야?", "당신은 누구입니까?", "누구세요?" },
        "저는 문렛의 작은 데모 모델입니다.", "데모 모델." },
    { { "문렛이 뭐예요?", "moonlet이 무엇입니까?", "문렛은 무엇인가요?", "moonlet이 뭐야?" },
        "moonlet은 언어 모델을 위한 셸입니다. 루아로 씁니다.", "언어 모델을 위한 셸." },
    { { "한국의 수도는 어디예요?", "한국의 수도는?", "대한민국의 수도는 어디입니까?" },
        "한국의 수도는 서울입니다.", "서울." },
    { { "일본의 수도는 어디예요?", "일본의 수도는?" }, "일본의 수도는 도쿄입니다.", "도쿄." },
    { { "프랑스의 수도는 어디예요?", "프랑스의 수도는?" }, "프랑스의 수도는 파리입니다.", "파리." },
    { { "영국의 수도는 어디예요?", "영국의 수도는?" }, "영국의 수도는 런던입니다.", "런던." },
    { { "독일의 수도는 어디예요?", "독일의 수도는?" }, "독일의 수도는 베를린입니다.", "베를린." },
    { { "중국의 수도는 어디예요?", "중국의 수도는?" }, "중국의 수도는 베이징입니다.", "베이징." },
    { { "크다의 반대말은?", "크다의 반대말이 뭐예요?" }, "크다의 반대말은 작다입니다.", "작다." },
    { { "덥다의 반대말은?", "덥다의 반대말이 뭐예요?" }, "덥다의 반대말은 춥다입니다.", "춥다." },
    { { "하늘은 무슨 색이에요?", "하늘은 무슨 색?" }, "하늘은 파란색입니다.", "파란색." },
    { { "하나부터 다섯까지 세어 보세요", "다섯까지 세어 주세요." }, "하나, 둘, 셋, 넷, 다섯." },
    { { "모델을 어떻게 여나요?", "모델은 어떻게 불러와요?" }, "models.load를 부르면 됩니다.", "models.load." },
    { { "어떻게 멈춰요?", "실행을 어떻게 멈추나요?" }, "Ctrl-C를 누르세요.", "Ctrl-C." },
    { { "어떻게 나가요?", "셸을 어떻게 끝내나요?" }, "빈 줄에서 Ctrl-D를 누르세요.", "Ctrl-D." },
}

return facts
