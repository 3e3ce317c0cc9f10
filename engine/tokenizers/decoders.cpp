// SPDX-License-Identifier: Apache-2.0
// Decoders: each rewrites the list of token spellings; what is left is put together without spaces.
#include <algorithm>

#include "core/error.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/pipeline.h"

namespace moonlet {

namespace {

using Tokens = std::vector<std::string>;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    if (from.empty()) return;
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::string joined(const Tokens& tokens) {
    std::string all;
    for (auto& t : tokens) all += t;
    return all;
}

class ByteLevel : public Decoder {
  public:
    ByteLevel(const Json&, const std::string&) {}
    void apply(Tokens& tokens) const override {
        std::string all;
        for (auto& token : tokens) {
            auto bytes = byte_level::bytes(token);
            all += bytes ? *bytes : token;  // a token outside of the alphabet stands for itself
        }
        tokens.assign(1, unicode::lossy(all));
    }
};

// The spaces that tokenizing English puts before punctuation and endings.
void clean_up(std::string& text) {
    static constexpr std::pair<const char*, const char*> kCleanup[] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (auto& [from, to] : kCleanup) replace_all(text, from, to);
}

class WordPiece : public Decoder {
  public:
    WordPiece(const Json& json, const std::string& where)
        : prefix_(string_field(json, "prefix", where)),
          cleanup_(bool_field(json, "cleanup", where)) {}
    void apply(Tokens& tokens) const override {
        for (size_t i = 0; i < tokens.size(); ++i) {
            std::string& token = tokens[i];
            if (i > 0) {
                if (token.compare(0, prefix_.size(), prefix_) == 0) token.erase(0, prefix_.size());
                else token.insert(0, " ");
            }
            if (cleanup_) clean_up(token);
        }
    }

  private:
    std::string prefix_;
    bool cleanup_;
};

// Speech recognition: repeated tokens are one, padding between them is silence.
class Ctc : public Decoder {
  public:
    Ctc(const Json& json, const std::string& where)
        : pad_(string_field(json, "pad_token", where)),
          delimiter_(string_field(json, "word_delimiter_token", where)),
          cleanup_(bool_field(json, "cleanup", where)) {}
    void apply(Tokens& tokens) const override {
        tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
        for (std::string& token : tokens) {
            replace_all(token, pad_, "");
            if (!cleanup_) continue;
            clean_up(token);
            replace_all(token, delimiter_, " ");
        }
        tokens.erase(std::remove(tokens.begin(), tokens.end(), ""), tokens.end());
    }

  private:
    std::string pad_, delimiter_;
    bool cleanup_;
};

class BpeDecoder : public Decoder {
  public:
    BpeDecoder(const Json& json, const std::string& where)
        : suffix_(string_field(json, "suffix", where)) {}
    void apply(Tokens& tokens) const override {
        for (size_t i = 0; i < tokens.size(); ++i)
            replace_all(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
    }

  private:
    std::string suffix_;
};

class Metaspace : public Decoder {
  public:
    Metaspace(const Json& json, const std::string& where)
        : mark_(string_field(json, "replacement", where)),
          prepended_(string_field(json, "prepend_scheme", where, "always") != "never" &&
                     bool_field(json, "add_prefix_space", where, true)) {
        if (mark_.empty()) throw Error(where + ".replacement is empty", "one character");
    }
    void apply(Tokens& tokens) const override {
        for (size_t i = 0; i < tokens.size(); ++i)
            replace_all(tokens[i], mark_, i == 0 && prepended_ ? "" : " ");
    }

  private:
    std::string mark_;
    bool prepended_;
};

class ByteFallback : public Decoder {
  public:
    ByteFallback(const Json&, const std::string&) {}
    void apply(Tokens& tokens) const override {
        Tokens out;
        std::string bytes;
        auto flush = [&] {
            if (bytes.empty()) return;
            if (unicode::valid(bytes)) out.push_back(bytes);
            else out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
            bytes.clear();
        };
        for (auto& token : tokens) {
            int byte = code(token);
            if (byte >= 0) {
                bytes += static_cast<char>(byte);
            } else {
                flush();
                out.push_back(std::move(token));
            }
        }
        flush();
        tokens.swap(out);
    }

  private:
    // The byte of "<0xNN>", else -1.
    static int code(const std::string& token) {
        if (token.size() != 6 || token.compare(0, 3, "<0x") != 0 || token[5] != '>') return -1;
        int value = 0;
        for (size_t i = 3; i < 5; ++i) {
            char c = token[i];
            if (i == 3 && c == '+') continue;  // Rust's number parser takes a sign
            if (c >= '0' && c <= '9') value = value * 16 + (c - '0');
            else if ((c | 32) >= 'a' && (c | 32) <= 'f') value = value * 16 + ((c | 32) - 'a' + 10);
            else return -1;
        }
        return value;
    }
};

class Fuse : public Decoder {
  public:
    Fuse(const Json&, const std::string&) {}
    void apply(Tokens& tokens) const override { tokens.assign(1, joined(tokens)); }
};

class Strip : public Decoder {
  public:
    Strip(const Json& json, const std::string& where)
        : content_(string_field(json, "content", where)),
          start_(integer_field(json, "start", where)),
          stop_(integer_field(json, "stop", where)) {
        if (content_.empty()) throw Error(where + ".content is empty", "one character");
    }
    void apply(Tokens& tokens) const override {
        size_t n = content_.size();
        for (auto& token : tokens) {
            size_t begin = 0, end = token.size();
            for (int64_t i = 0; i < start_ && token.compare(begin, n, content_) == 0; ++i)
                begin += n;
            for (int64_t i = 0;
                 i < stop_ && end >= begin + n && token.compare(end - n, n, content_) == 0; ++i)
                end -= n;
            token = token.substr(begin, end - begin);
        }
    }

  private:
    std::string content_;
    int64_t start_, stop_;
};

class Replace : public Decoder {
  public:
    Replace(const Json& json, const std::string& where)
        : pattern_(json, where), content_(string_field(json, "content", where)) {}
    void apply(Tokens& tokens) const override {
        Ranges found;
        for (auto& token : tokens) {
            if (token.empty()) continue;
            found.clear();
            pattern_.find_all(token, found);
            if (found.empty()) continue;
            std::string text;
            size_t done = 0;
            for (auto [begin, end] : found) {
                text.append(token, done, begin - done);
                text += content_;
                done = end;
            }
            token = text.append(token, done);
        }
    }

  private:
    TextPattern pattern_;
    std::string content_;
};

class Sequence : public Decoder {
  public:
    Sequence(const Json& json, const std::string& where)
        : parts_(make_parts<DecoderKinds>(json, "decoders", where)) {}
    void apply(Tokens& tokens) const override {
        for (auto& part : parts_) part->apply(tokens);
    }

  private:
    std::vector<std::unique_ptr<Decoder>> parts_;
};

const bool registered = DecoderKinds::add("ByteLevel", make<Decoder, ByteLevel>) &&
                        DecoderKinds::add("WordPiece", make<Decoder, WordPiece>) &&
                        DecoderKinds::add("CTC", make<Decoder, Ctc>) &&
                        DecoderKinds::add("BPEDecoder", make<Decoder, BpeDecoder>) &&
                        DecoderKinds::add("Metaspace", make<Decoder, Metaspace>) &&
                        DecoderKinds::add("ByteFallback", make<Decoder, ByteFallback>) &&
                        DecoderKinds::add("Fuse", make<Decoder, Fuse>) &&
                        DecoderKinds::add("Strip", make<Decoder, Strip>) &&
                        DecoderKinds::add("Replace", make<Decoder, Replace>) &&
                        DecoderKinds::add("Sequence", make<Decoder, Sequence>);

}  // namespace

}  // namespace moonlet
