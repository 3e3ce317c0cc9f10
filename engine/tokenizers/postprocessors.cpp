// SPDX-License-Identifier: Apache-2.0
// Post-processors: the special tokens of a single sequence (pairs come with their own call later)
// and the trimming of white space from byte-level offsets.
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
void trim_offsets(std::vector<OutToken>& tokens, bool prefix_space, std::string_view source,
                  const PostProcessor::Spelling& spelling) {
    for (size_t n = 0; n < tokens.size(); ++n) {
        std::string_view text = spelling(tokens[n]);
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
    void apply(std::vector<OutToken>& tokens, bool, const std::string_view* source,
               const Spelling& spelling) const override {
        if (trim_ && source) trim_offsets(tokens, prefix_space_, *source, spelling);
    }

  private:
    bool prefix_space_, trim_;
};

// A special token with the spelling that its OutToken views.
struct Special {
    int id;
    std::string text;
    OutToken out() const { return {id, {0, 0}, text}; }
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

void wrap(std::vector<OutToken>& tokens, const Special& first, const Special& last) {
    tokens.insert(tokens.begin(), first.out());
    tokens.push_back(last.out());
}

class BertProcessing : public PostProcessor {
  public:
    BertProcessing(const Json& json, const std::string& where)
        : first_(named_token(json, "cls", where)), last_(named_token(json, "sep", where)) {}
    void apply(std::vector<OutToken>& tokens, bool special, const std::string_view*,
               const Spelling&) const override {
        if (special) wrap(tokens, first_, last_);
    }

  private:
    Special first_, last_;
};

class RobertaProcessing : public PostProcessor {
  public:
    RobertaProcessing(const Json& json, const std::string& where)
        : first_(named_token(json, "cls", where)), last_(named_token(json, "sep", where)),
          trim_(bool_field(json, "trim_offsets", where)),
          prefix_space_(bool_field(json, "add_prefix_space", where)) {}
    void apply(std::vector<OutToken>& tokens, bool special, const std::string_view* source,
               const Spelling& spelling) const override {
        if (trim_ && source) trim_offsets(tokens, prefix_space_, *source, spelling);
        if (special) wrap(tokens, first_, last_);
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
                    if (!is_id(ids[i]) || ids.size() != spelled.size() ||
                        !spelled[i].is_string())
                        throw Error(here + " is " + quote(dump_json(entry, -1)),
                                    "as many integer ids as tokens");
                    tokens[name].push_back(
                        {ids[i].get<int>(), spelled[i].get<std::string>()});
                }
                tokens[name];  // a name with no ids is a name all the same
            }
        }
        for (const Json& piece : array_field(json, "single", where)) {
            Part part;
            if (piece.is_object() && piece.contains("Sequence")) {
                std::string id = string_field(piece["Sequence"], "id", where + ".single");
                if (id != "A")
                    throw Error(where + ".single uses sequence " + quote(id), "sequence A only");
                part.sequence = true;
            } else if (piece.is_object() && piece.contains("SpecialToken")) {
                std::string id = string_field(piece["SpecialToken"], "id", where + ".single");
                if (!tokens.count(id))
                    throw Error(where + ".single names " + quote(id), "one of its special_tokens");
                part.tokens = tokens[id];
            } else {
                throw Error(where + ".single has " + quote(dump_json(piece, -1)),
                            "{\"Sequence\": …} or {\"SpecialToken\": …}");
            }
            single_.push_back(std::move(part));
        }
    }

    void apply(std::vector<OutToken>& tokens, bool special, const std::string_view*,
               const Spelling&) const override {
        std::vector<OutToken> all;
        all.reserve(tokens.size() + single_.size());
        for (const Part& part : single_) {
            if (part.sequence) all.insert(all.end(), tokens.begin(), tokens.end());
            else if (special)
                for (const Special& t : part.tokens) all.push_back(t.out());
        }
        tokens.swap(all);
    }

  private:
    struct Part {
        bool sequence = false;
        std::vector<Special> tokens;
    };
    std::vector<Part> single_;
};

class Sequence : public PostProcessor {
  public:
    Sequence(const Json& json, const std::string& where)
        : parts_(make_parts<PostProcessorKinds>(json, "processors", where)) {}
    void apply(std::vector<OutToken>& tokens, bool special, const std::string_view* source,
               const Spelling& spelling) const override {
        for (auto& part : parts_) part->apply(tokens, special, source, spelling);
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
