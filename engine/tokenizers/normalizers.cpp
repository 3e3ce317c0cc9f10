// SPDX-License-Identifier: Apache-2.0
// The normalizers that need no more than a few lines each. BERT's is in normalizer_bert.cpp.
#include "tokenizers/byte_level.h"
#include "tokenizers/pipeline.h"

namespace moonlet {

namespace {

template <unicode::Form form>
class NormalForm : public Normalizer {
  public:
    NormalForm(const Json&, const std::string&) {}
    void apply(AlignedText& text) const override {
        if (form == unicode::Form::nfc && unicode::surely_nfc(text.view())) return;
        text.apply(unicode::normalize(text.view(), form));
    }
};

class Lowercase : public Normalizer {
  public:
    Lowercase(const Json&, const std::string&) {}
    void apply(AlignedText& text) const override { text.apply(unicode::lowercase(text.view())); }
};

class StripAccents : public Normalizer {
  public:
    StripAccents(const Json&, const std::string&) {}
    void apply(AlignedText& text) const override {
        text.filter([](char32_t c) { return !unicode::is_combining(c); });
    }
};

class Strip : public Normalizer {
  public:
    Strip(const Json& json, const std::string& where)
        : left_(bool_field(json, "strip_left", where)),
          right_(bool_field(json, "strip_right", where)) {}
    void apply(AlignedText& text) const override {
        std::string_view view = text.view();
        size_t begin = view.size(), end = 0;  // of what is not white space
        for (size_t i = 0; i < view.size();) {
            size_t at = i;
            if (unicode::is_space(unicode::next(view, i))) continue;
            begin = std::min(begin, at);
            end = i;
        }
        if (!left_) begin = 0;
        if (!right_) end = view.size();
        size_t at = 0;  // filter asks about the characters in order
        text.filter([&](char32_t c) {
            size_t here = at;
            at += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
            return here >= begin && here < end;
        });
    }

  private:
    bool left_, right_;
};

class Replace : public Normalizer {
  public:
    Replace(const Json& json, const std::string& where)
        : pattern_(json, where), content_(string_field(json, "content", where)) {}
    void apply(AlignedText& text) const override {
        if (text.size() == 0) return;
        Ranges found;
        pattern_.find_all(text.view(), found);
        text.replace(found, content_);
    }

  private:
    TextPattern pattern_;
    std::string content_;
};

class Prepend : public Normalizer {
  public:
    Prepend(const Json& json, const std::string& where)
        : text_(string_field(json, "prepend", where)) {}
    void apply(AlignedText& text) const override { text.prepend(text_); }

  private:
    std::string text_;
};

class ByteLevel : public Normalizer {
  public:
    ByteLevel(const Json&, const std::string&) {}
    void apply(AlignedText& text) const override {
        text.apply(byte_level::changes(text.view()));
    }
};

class Sequence : public Normalizer {
  public:
    Sequence(const Json& json, const std::string& where)
        : parts_(make_parts<NormalizerKinds>(json, "normalizers", where)) {}
    void apply(AlignedText& text) const override {
        for (auto& part : parts_) part->apply(text);
    }

  private:
    std::vector<std::unique_ptr<Normalizer>> parts_;
};

using unicode::Form;
const bool registered =
    NormalizerKinds::add("NFC", make<Normalizer, NormalForm<Form::nfc>>) &&
    NormalizerKinds::add("NFD", make<Normalizer, NormalForm<Form::nfd>>) &&
    NormalizerKinds::add("NFKC", make<Normalizer, NormalForm<Form::nfkc>>) &&
    NormalizerKinds::add("NFKD", make<Normalizer, NormalForm<Form::nfkd>>) &&
    NormalizerKinds::add("Lowercase", make<Normalizer, Lowercase>) &&
    NormalizerKinds::add("StripAccents", make<Normalizer, StripAccents>) &&
    NormalizerKinds::add("Strip", make<Normalizer, Strip>) &&
    NormalizerKinds::add("Replace", make<Normalizer, Replace>) &&
    NormalizerKinds::add("Prepend", make<Normalizer, Prepend>) &&
    NormalizerKinds::add("ByteLevel", make<Normalizer, ByteLevel>) &&
    NormalizerKinds::add("Sequence", make<Normalizer, Sequence>);

}  // namespace

}  // namespace moonlet
