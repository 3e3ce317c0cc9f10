// SPDX-License-Identifier: Apache-2.0
// BERT's basic cleaning: control characters away and white space to " ", spaces around CJK
// characters, accents away (by NFD), lower case; each step switchable, accents by default with the
// lower case.
#include "tokenizers/pipeline.h"

namespace moonlet {

namespace {

using unicode::Change;

class BertNormalizer : public Normalizer {
  public:
    BertNormalizer(const Json& json, const std::string& where)
        : clean_(bool_field(json, "clean_text", where)),
          cjk_(bool_field(json, "handle_chinese_chars", where)),
          lower_(bool_field(json, "lowercase", where)),
          accents_(bool_field(json, "strip_accents", where, lower_)) {}

    void apply(AlignedText& text) const override {
        bool ascii = true;
        for (char c : text.view()) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
        if (clean_) {
            text.filter([](char32_t c) { return !unicode::is_control(c); });
            one_by_one(text, [](char32_t c) { return unicode::is_space(c) ? U' ' : c; });
        }
        if (cjk_ && !ascii) space_cjk(text);
        if (accents_ && !ascii) {
            text.apply(unicode::normalize(text.view(), unicode::Form::nfd));
            text.filter([](char32_t c) { return !unicode::is_nonspacing(c); });
        }
        if (lower_) text.apply(unicode::lowercase(text.view()));
    }

  private:
    template <class Map>
    static void one_by_one(AlignedText& text, Map map) {
        std::vector<Change> changes;
        changes.reserve(text.size());
        bool any = false;
        for (size_t i = 0; i < text.size();) {
            char32_t c = unicode::next(text.view(), i);
            changes.push_back({map(c), 0});
            any = any || changes.back().c != c;
        }
        if (any) text.apply(changes);
    }

    static void space_cjk(AlignedText& text) {
        std::vector<Change> changes;
        changes.reserve(text.size());
        for (size_t i = 0; i < text.size();) {
            char32_t c = unicode::next(text.view(), i);
            if (unicode::is_cjk(c)) {
                changes.push_back({U' ', 0});
                changes.push_back({c, 1});
                changes.push_back({U' ', 1});
            } else {
                changes.push_back({c, 0});
            }
        }
        text.apply(changes);
    }

    bool clean_, cjk_, lower_, accents_;
};

const bool registered = NormalizerKinds::add("BertNormalizer", make<Normalizer, BertNormalizer>);

}  // namespace

}  // namespace moonlet
