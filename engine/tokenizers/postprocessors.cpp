// SPDX-License-Identifier: Apache-2.0
// Post-processors: the special tokens around one text or two, the segment of each token, and the
// trimming of white space from byte-level offsets.
#include <map>

#include "core/error.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/pipeline.h"

namespace moonlet {

namespace {

bool is_blank(char32_t c) { return c == byte_level::character(' ') || unicode::is_space(c); }

// `at` moved over `n` characters of the source, not beyond `end`.
size_t forward(std::string_view source, size_t at, size_t n, size_t end) {
    for (; n > 0 && at < end; --n) {
        int width = unicode::check(source, at);
        at += static_cast<size_t>(width > 0 ? width : -width);
    }
    return std::min(at, end);
}

// `at` moved back over `n` characters, not before `begin`; `at` itself if there are not so many.
size_t backward(std::string_view source, size_t at, size_t n, size_t begin) {
    size_t to = at;
    for (; n > 0; --n) {
        if (to == 0) return at;
        do --to;
        while (to > 0 && (static_cast<unsigned char>(source[to]) & 0xC0) == 0x80);
    }
    return std::max(to, begin);
}

// Takes the white space that a token begins or ends with out of its offsets, a character of the
// source for each. With `prefix_space` the one space before the first token is not the text's.
void trim_offsets(OutPart& part, bool prefix_space, const PostProcessor::Wanted& wanted) {
    auto& tokens = part.tokens;
    std::string_view source = part.source;
    for (size_t n = 0; n < tokens.size(); ++n) {
        std::string_view text = wanted.spelling(tokens[n]);
        size_t leading = 0, trailing = 0;
        bool leads = true;
        for (size_t i = 0; i < text.size();) {
            bool blank = is_blank(unicode::next(text, i));
            leads = leads && blank;
            if (leads) ++leading;
            trailing = blank ? trailing + 1 : 0;
        }
        auto& [begin, end] = tokens[n].offset;
        if (prefix_space && leading == 1 && (n == 0 || begin == 0)) leading = 0;
        begin = forward(source, begin, leading, end);
        end = backward(source, end, trailing, begin);
    }
}

class ByteLevel : public PostProcessor {
  public:
    ByteLevel(const Json& json, const std::string& where)
        : prefix_space_(bool_field(json, "add_prefix_space", where)),
          trim_(bool_field(json, "trim_offsets", where)) {}
    void apply(std::vector<OutPart>& parts, const Wanted& wanted) const override {
        for (size_t i = 0; i < parts.size(); ++i) {
            if (trim_ && wanted.offsets) trim_offsets(parts[i], prefix_space_, wanted);
            for (OutToken& t : parts[i].tokens) t.sequence = int(i);
        }
    }

  private:
    bool prefix_space_, trim_;
};

// A special token with the spelling that its OutToken views.
struct Special {
    int id;
    std::string text;
    OutToken out(int type) const { return {id, {0, 0}, text, type, -1}; }
};

bool is_id(const Json& json) {
    return json.is_number_integer() && json.get<int64_t>() >= 0 && json.get<int64_t>() < 0x7FFFFFFF;
}

Special named_token(const Json& json, const char* key, const std::string& where) {
    const Json& pair = array_field(json, key, where);
    if (pair.size() != 2 || !pair[0].is_string() || !is_id(pair[1]))
        throw Error(where + "." + key + " is " + quote(dump_json(pair, -1)), "[\"token\", id]");
    return {pair[1].get<int>(), pair[0].get<std::string>()};
}

// [CLS] first [SEP] second [SEP], the second text and its [SEP] as segment 1.
class BertProcessing : public PostProcessor {
  public:
    BertProcessing(const Json& json, const std::string& where)
        : first_(named_token(json, "cls", where)), last_(named_token(json, "sep", where)) {}
    size_t added(bool pair) const override { return pair ? 3 : 2; }
    void apply(std::vector<OutPart>& parts, const Wanted& wanted) const override {
        if (!wanted.special) return;
        for (size_t i = 0; i < parts.size(); ++i) {
            auto& tokens = parts[i].tokens;
            if (i == 0) tokens.insert(tokens.begin(), first_.out(0));
            tokens.push_back(last_.out(i == 0 ? 0 : 1));
        }
    }

  private:
    Special first_, last_;
};

// <s> first </s></s> second </s>; RoBERTa knows one segment only.
class RobertaProcessing : public PostProcessor {
  public:
    RobertaProcessing(const Json& json, const std::string& where)
        : first_(named_token(json, "cls", where)),
          last_(named_token(json, "sep", where)),
          trim_(bool_field(json, "trim_offsets", where)),
          prefix_space_(bool_field(json, "add_prefix_space", where)) {}
    size_t added(bool pair) const override { return pair ? 4 : 2; }
    void apply(std::vector<OutPart>& parts, const Wanted& wanted) const override {
        for (size_t i = 0; i < parts.size(); ++i) {
            auto& tokens = parts[i].tokens;
            if (trim_ && wanted.offsets) trim_offsets(parts[i], prefix_space_, wanted);
            for (OutToken& t : tokens)
                if (wanted.special || !parts[i].overflow) t.type = 0;
            if (!wanted.special) continue;
            tokens.insert(tokens.begin(), (i == 0 ? first_ : last_).out(0));
            tokens.push_back(last_.out(0));
        }
    }

  private:
    Special first_, last_;
    bool trim_, prefix_space_;
};

class TemplateProcessing : public PostProcessor {
  public:
    TemplateProcessing(const Json& json, const std::string& where) {
        std::map<std::string, std::vector<Special>> tokens;
        if (json.contains("special_tokens")) {
            for (auto& [name, entry] : object_field(json, "special_tokens", where).items()) {
                std::string here = where + ".special_tokens." + name;
                const Json& ids = array_field(entry, "ids", here);
                const Json& spelled = array_field(entry, "tokens", here);
                for (size_t i = 0; i < ids.size(); ++i) {
                    if (!is_id(ids[i]) || ids.size() != spelled.size() || !spelled[i].is_string())
                        throw Error(here + " is " + quote(dump_json(entry, -1)),
                                    "as many integer ids as tokens");
                    tokens[name].push_back({ids[i].get<int>(), spelled[i].get<std::string>()});
                }
                tokens[name];  // a name with no ids is a name all the same
            }
        }
        read(array_field(json, "single", where), where + ".single", tokens, false, single_);
        static const Json both = {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
                                  {{"Sequence", {{"id", "B"}, {"type_id", 1}}}}};
        bool has_pair = json.contains("pair") && !json["pair"].is_null();
        read(has_pair ? array_field(json, "pair", where) : both, where + ".pair", tokens, true,
             pair_);
    }

    size_t added(bool pair) const override {
        size_t n = 0;
        for (const Part& part : pair ? pair_ : single_) n += part.tokens.size();
        return n;
    }

    bool second_first() const override {
        for (const Part& part : pair_)
            if (part.sequence >= 0) return part.sequence == 1;
        return false;
    }

    void apply(std::vector<OutPart>& parts, const Wanted& wanted) const override {
        if (parts.size() > 2)
            throw Error("a template cannot work on what another template has made");
        const std::vector<Part>& pattern = parts.size() == 2 ? pair_ : single_;
        std::vector<OutPart> all;
        all.reserve(pattern.size());
        for (const Part& part : pattern) {
            OutPart out;
            if (part.sequence >= 0) {
                out = parts[size_t(part.sequence)];
                for (OutToken& t : out.tokens) {
                    if (!out.overflow) t.type = part.type;
                    t.sequence = part.sequence;
                }
            } else if (wanted.special) {
                for (const Special& t : part.tokens) out.tokens.push_back(t.out(part.type));
            }
            if (part.sequence >= 0 || wanted.special) all.push_back(std::move(out));
        }
        parts.swap(all);
    }

  private:
    struct Part {
        int sequence = -1;  // the text that stands here, else the tokens
        int type = 0;
        std::vector<Special> tokens;
    };

    static void read(const Json& pieces, const std::string& where,
                     const std::map<std::string, std::vector<Special>>& tokens, bool pair,
                     std::vector<Part>& out) {
        for (const Json& piece : pieces) {
            Part part;
            bool sequence = piece.is_object() && piece.contains("Sequence");
            if (!sequence && !(piece.is_object() && piece.contains("SpecialToken")))
                throw Error(where + " has " + quote(dump_json(piece, -1)),
                            "{\"Sequence\": …} or {\"SpecialToken\": …}");
            const Json& entry = piece[sequence ? "Sequence" : "SpecialToken"];
            std::string id = string_field(entry, "id", where);
            int64_t type = integer_field(entry, "type_id", where);
            if (type < 0 || type > 0x7FFFFFFF)
                throw Error(where + " has the type_id " + std::to_string(type), "0 or 1");
            part.type = int(type);
            if (sequence) {
                if (id != "A" && !(pair && id == "B"))
                    throw Error(where + " uses sequence " + quote(id),
                                pair ? "sequence A or B" : "sequence A only");
                part.sequence = id == "A" ? 0 : 1;
            } else {
                auto found = tokens.find(id);
                if (found == tokens.end())
                    throw Error(where + " names " + quote(id), "one of its special_tokens");
                part.tokens = found->second;
            }
            out.push_back(std::move(part));
        }
    }

    std::vector<Part> single_, pair_;
};

class Sequence : public PostProcessor {
  public:
    Sequence(const Json& json, const std::string& where)
        : parts_(make_parts<PostProcessorKinds>(json, "processors", where)) {}
    size_t added(bool pair) const override {
        size_t n = 0;
        for (auto& part : parts_) n += part->added(pair);
        return n;
    }
    bool second_first() const override {
        bool swapped = false;
        for (auto& part : parts_) swapped = swapped || part->second_first();
        return swapped;
    }
    void apply(std::vector<OutPart>& parts, const Wanted& wanted) const override {
        for (auto& part : parts_) part->apply(parts, wanted);
    }

  private:
    std::vector<std::unique_ptr<PostProcessor>> parts_;
};

const bool registered =
    PostProcessorKinds::add("ByteLevel", make<PostProcessor, ByteLevel>) &&
    PostProcessorKinds::add("BertProcessing", make<PostProcessor, BertProcessing>) &&
    PostProcessorKinds::add("RobertaProcessing", make<PostProcessor, RobertaProcessing>) &&
    PostProcessorKinds::add("TemplateProcessing", make<PostProcessor, TemplateProcessing>) &&
    PostProcessorKinds::add("Sequence", make<PostProcessor, Sequence>);

}  // namespace

}  // namespace moonlet
