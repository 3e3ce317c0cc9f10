// SPDX-License-Identifier: Apache-2.0
// What sentence-transformers keeps beside a model: modules.json, 1_Pooling/config.json and
// sentence_bert_config.json say how the states of a text become one vector,
// config_sentence_transformers.json or config.json what a cross-encoder's score goes through. Reads
// and writes those files; ops/pool.h does the pooling.
#pragma once

#include <string>

#include "generation/language_model.h"

namespace moonlet {

// Fills pooling, normalize, max_seq_length and activation of `model`. A folder without these files
// changes nothing. Error: not JSON, or a kind of pooling we do not have.
void read_pooling(LanguageModel& model, const std::string& folder);
void save_pooling(const LanguageModel& model, const std::string& folder);

}  // namespace moonlet
