// SPDX-License-Identifier: Apache-2.0
// The table, and finding a tokenizer in it: both sides are brought into one spelling (ByteLevel's
// own pattern, Digits and Punctuation as patterns, one way to write "'s in any case").
#include "tokenizers/gguf_pre_types.h"

#include "core/error.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/json_parts.h"

namespace moonlet {

namespace {

namespace parts = json_parts;

constexpr const char* kContractions = R"((?i:'s|'t|'re|'ve|'m|'ll|'d))";
constexpr const char* kWhite = R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kMarks = R"( ?[^\s\p{L}\p{N}]+[\r\n]*)";

// Words as cl100k has them, with digits in groups as given.
std::string words(const std::string& digits) {
    return std::string(kContractions) + R"(|[^\r\n\p{L}\p{N}]?\p{L}+|)" + digits + "|" + kMarks +
           kWhite;
}

// Words as o200k has them: upper-case letters begin one; `behind` may follow it.
std::string cased(const std::string& behind, const std::string& digits) {
    const std::string head = R"([^\r\n\p{L}\p{N}]?)", upper = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])",
                      lower = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
    return head + upper + "*" + lower + "+" + behind + "|" + head + upper + "+" + lower + "*" +
           behind + "|" + digits + R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*)" + kWhite;
}

const std::string kContraction = std::string(kContractions) + "?";
constexpr const char* kAscii = R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)";
constexpr const char* kHanKana = "[一-龥぀-ゟ゠-ヿ]+";
constexpr const char* kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";

Json cut(std::initializer_list<std::string> patterns) {
    Json steps = Json::array();
    for (auto& pattern : patterns) steps.push_back(parts::split(pattern));
    steps.push_back(parts::byte_level(false));
    return parts::sequence("pretokenizers", std::move(steps));
}

Json gpt2_after(std::initializer_list<Json> before) {
    Json steps = Json::array();
    for (auto& step : before) steps.push_back(step);
    steps.push_back(parts::byte_level(true));
    return parts::sequence("pretokenizers", std::move(steps));
}

// deepseek-llm's letters: those of scripts with upper and lower case.
constexpr const char* kCasedLetters =
    "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-"
    "ᴫᵫ-ᵷᵹ-ᶚḀ-"
    "ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\xE1\xBD\xBD"
    "ᾀ-ᾴᾶ-ᾼ\xE1\xBE\xBE"
    "ῂ-ῄῆ-ῌῐ-\xE1\xBF\x93"
    "ῖ-\xE1\xBF\x9B"
    ""
    "ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\xE2\x84\xA6"
    "ℨ\xE2\x84\xAA"
    "-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-"
    "ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]"
    "+";

std::vector<GgufPreType> make_table() {
    const std::string one = R"(\p{N})", three = R"(\p{N}{1,3})";
    const std::string mixed = std::string(kAscii) +
                              R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" +
                              kWhite;
    const std::string han = "一-龥ࠀ-一가-퟿";
    const Json gpt2 = parts::byte_level(true);
    const Json digits = parts::digits(true);
    const Json punctuation = {{"type", "Punctuation"}, {"behavior", "Contiguous"}};
    const Json newlines = nullptr;
    const std::string no_han = R"((?!\p{Han}))";
    const std::string upper = "(?:" + no_han + R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]))";
    const std::string lower = "(?:" + no_han + R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]))";
    const std::string head = R"([^\r\n\p{L}\p{N}]?)";
    std::vector<GgufPreType> all = {
        {{"gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0",
          "mellum", "modern-bert", "exaone4", "jais", "trillion", "granite-docling"},
         gpt2},
        {{"roberta-bpe", "jina-v1-en", "jina-v2-code"}, gpt2, nullptr, false, false, true},
        {{"mpt", "olmo"}, gpt2, "NFC"},
        {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
          "jina-v5-nano"},
         cut({words(three)}),
         nullptr,
         true,
         true},
        {{"dbrx", "smaug-bpe", "chatglm-bpe"}, cut({words(three)})},
        {{"glm4", "glm5"}, cut({words(three)}), nullptr, true},
        {{"qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez"}, cut({words(one)}), "NFC"},
        {{"stablelm2", "hunyuan", "solar-open", "grok-2"}, cut({words(one)})},
        {{"qwen35"},
         cut({std::string(kContractions) +
              R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" +
              kWhite})},
        {{"deepseek-llm"},
         cut({"[\r\n]", kCasedLetters, "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$", "[" + han + "]+",
              one})},
        {{"deepseek-coder"},
         cut({"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[" + han + "]+", one})},
        {{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"}, cut({three, kHanKana, mixed})},
        {{"falcon"},
         parts::sequence("pretokenizers", {punctuation, parts::byte_level(true),
                                           parts::digits(false), parts::split("[0-9][0-9][0-9]")})},
        {{"starcoder", "refact", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"},
         gpt2_after({digits})},
        {{"command-r"}, gpt2_after({digits}), "NFC"},
        {{"bloom", "poro-chat", "gpt3-finnish"}, cut({kBloom})},
        {{"viking"}, cut({kBloom, one})},
        {{"tekken"}, cut({cased("", one)}), nullptr, true, true},
        {{"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"},
         cut({cased(kContraction, three)})},
        {{"granite-embed-multi-97m"}, cut({cased(kContraction, three)}), nullptr, true},
        {{"tiny_aya", "cohere2moe"},
         cut({R"(\d{1,3}(?=(?:\d{3})*\b))", cased(kContraction, three)})},
        {{"chameleon"},
         gpt2_after({parts::split("<sentinel:[0-9]+>"),
                     parts::split("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"),
                     parts::split("([\\t\\n]|    |  )"), digits,
                     Json{{"type", "Punctuation"}, {"behavior", "Isolated"}}}),
         nullptr,
         false,
         true},
        {{"superbpe"}, cut({R"(\p{N}+)", R"((?=(\d{3})+(?!\d)))"})},
        {{"bailingmoe", "bailingmoe2", "llada-moe"},
         cut({R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*)"
              R"(|\s*[\r\n]|\s+(?!\S)|\s+)"})},
        {{"seed-coder"},
         cut({std::string(kContractions) +
              R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)" + kWhite})},
        {{"ufakzeka"}, cut({R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)" + std::string(kMarks) + kWhite})},
        {{"exaone-moe"},
         cut({std::string(kContractions) +
              R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N})"
              R"(| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"})},
        {{"minicpm5"}, cut({three, words(R"(\p{N}+)")}), nullptr, true},
        {{"laguna"}, cut({"[^\\n]+|[\\n]+", words(one)})},
        {{"spark2_5"},
         cut({three, kHanKana,
              std::string(kAscii) +
                  R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n])"
                  R"(|\s+(?!\S)|\s+)",
              one})},
        {{"youtu"},
         cut({"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]"
              "+",
              cased(kContraction, one)}),
         nullptr,
         true},
        {{"jais-2"},
         cut({std::string(kContractions) + R"(|[^\r\n\p{L}\p{N}]?\p{L}+|)" + three + "|" + kMarks +
              R"(|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S))"
              R"(|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})"})},
        {{"afmoe"},
         cut({R"(\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))",
              "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]"
              "+",
              mixed})},
        {{"kimi-k2"},
         cut({R"(\p{Han}+|)" + head + upper + "*" + lower + "+" + kContraction + "|" + head +
              upper + "+" + lower + "*" + kContraction + "|" + three + "|" + kMarks + kWhite})},
        {{"gemma4", "granite-embed-multi-311m"}, newlines, nullptr, false, true},
        {{"sarvam-moe"}, newlines},
        // llama.cpp's own, for files that were made before the types were known.
        {{"default"},
         cut({R"([\p{P}$+<=>^~|]+)", byte_level::kWords, R"(\p{N}+)", "[0-9][0-9][0-9]"})},
    };
    return all;
}

const std::vector<GgufPreType>& table() {
    static const std::vector<GgufPreType> all = make_table();
    return all;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

// One spelling for patterns that are written in several ways.
std::string plain(std::string pattern) {
    replace_all(pattern, "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])",
                kContractions);
    replace_all(pattern, "'(?i:[sdmt]|ll|ve|re)", kContractions);
    replace_all(pattern, "(?i:'s|'t|'re|'ve|'m|'ll|'d)?", kContraction);
    for (const char* group : {"?+", "++", "*+"})
        replace_all(pattern, group, std::string(1, group[0]));
    replace_all(pattern, "\\p{N}{1,3}+", "\\p{N}{1,3}");
    replace_all(pattern, "\r", "\\r");
    replace_all(pattern, "\n", "\\n");
    replace_all(pattern, "\\p{N}{1}", "\\p{N}");
    replace_all(pattern, "\\\"", "\"");
    return pattern;
}

// The steps of a pre-tokenizer as strings; "?" for what no GGUF type says.
void steps_of(const Json& part, std::vector<std::string>& steps) {
    std::string type = part.is_object() ? part.value("type", "") : "";
    if (type == "Sequence") {
        for (const Json& inner : part.value("pretokenizers", Json::array())) steps_of(inner, steps);
    } else if (type == "Split") {
        const Json& pattern = part.contains("pattern") ? part["pattern"] : Json();
        bool known =
            pattern.is_object() && pattern.contains("Regex") && pattern["Regex"].is_string();
        std::string behavior = part.value("behavior", "");
        // A pattern that leaves nothing out may just as well name what is removed.
        bool all = behavior == "Isolated" || (behavior == "Removed" && part.value("invert", false));
        steps.push_back(known && all ? plain(pattern["Regex"].get<std::string>()) : "?");
    } else if (type == "Digits") {
        steps.push_back(part.value("individual_digits", false) ? "\\p{N}" : "\\p{N}+");
    } else if (type == "Punctuation") {
        steps.push_back("punctuation " + part.value("behavior", "Isolated"));
    } else if (type == "ByteLevel") {
        if (part.value("add_prefix_space", false)) steps.push_back("?");
        if (part.value("use_regex", true)) steps.push_back(plain(byte_level::kWords));
        steps.push_back("bytes");
    } else {
        steps.push_back("?");
    }
}

}  // namespace

const GgufPreType& gguf_pre_type(const std::string& name) {
    std::string wanted = name.empty() ? "default" : name;
    std::vector<std::string> legal;
    for (auto& type : table())
        for (auto& known : type.names) {
            if (known == wanted) return type;
            legal.push_back(known);
        }
    std::string near = nearest_name(name, legal);
    throw Error("tokenizer.ggml.pre is " + quote(name) + ", a pre-tokenizer that is not known here",
                "one of llama.cpp's names such as gpt-2, llama-bpe, qwen2",
                near.empty() ? "" : "did you mean \"" + near + "\"?");
}

std::optional<std::string> gguf_pre_type_of(const Json& json) {
    std::vector<std::string> wanted;
    if (json.contains("pre_tokenizer")) steps_of(json["pre_tokenizer"], wanted);
    bool ignore = json["model"].value("ignore_merges", false);
    std::string form;
    if (json.contains("normalizer") && json["normalizer"].is_object())
        form = json["normalizer"].value("type", "");
    std::optional<std::string> best;
    int best_score = -1;
    for (auto& type : table()) {
        if (type.pre_tokenizer.is_null()) continue;
        std::vector<std::string> steps;
        steps_of(type.pre_tokenizer, steps);
        if (steps != wanted) continue;
        int score = (type.ignore_merges == ignore ? 2 : 0) + ((type.form ? type.form : "") == form);
        if (score > best_score) best = type.names[0], best_score = score;
    }
    return best;
}

}  // namespace moonlet
