// SPDX-License-Identifier: Apache-2.0
// One chat completion from an OpenAI-compatible server as a job: the request, tries again with
// growing pauses, the stream or whole answer read into one result. Tried again is only what nobody
// has seen anything of: no connection, a broken one, 408, 409, 429, 5xx, before the first piece.
// Pauses as in the openai client: 0.5 s doubled up to 8 s, a quarter of it at random, Retry-After
// where it is given. The key appears in no text that leaves here.
#pragma once

#include <memory>
#include <string>

#include "core/random.h"
#include "protocols/completion.h"
#include "protocols/http.h"
#include "protocols/sse.h"

namespace moonlet {

struct OpenAiRequest {
    HttpRequest http;  // POST to …/chat/completions, its body the JSON, headers without the key
    std::string key;   // sent as "Authorization: Bearer …"; "" = none
    std::vector<std::string> secrets;  // what else no text may show, such as a header's value
    std::string key_source;  // where it came from, for the reader of an error ("OPENAI_API_KEY")
    std::string name;        // what errors begin with ("openai:gpt-x")
    int retries = 2;
    bool completion = true;  // false: result() is the answer's JSON as it came (/embeddings)
};

class OpenAiJob : public Job {
  public:
    explicit OpenAiJob(OpenAiRequest request);

    void add_fds(std::vector<pollfd>& fds) const override;
    int timeout_ms() const override;
    void advance() override;
    bool done() const override { return done_; }
    void cancel() override;
    bool ready() const override { return done_ || !pending_.empty(); }
    // The visible text of the first choice.
    std::string take() override;
    bool has_partial() const override { return request_.completion; }
    // CompletionReader::result and: error (why it was cut), cancelled, attempts, request_id,
    // first_token_seconds (from the call; absent without a token), completion_seconds.
    // Error: nothing came; says status, the provider's words and what to do.
    Json result() override;

  private:
    enum class Form { unknown, stream, whole, other };
    void start();
    void read(std::string_view bytes);
    void read_stream(std::string_view bytes);
    void ended();
    void refused(const HttpResponse& answer);
    void broken(const std::string& why, bool may_retry);
    void retry_in(double seconds, const std::string& why);
    void end_pause();  // the line that told of it goes
    void fail(const std::string& why);
    std::string shown(std::string text) const;  // without the key

    OpenAiRequest request_;
    std::unique_ptr<HttpJob> http_;
    CompletionReader reader_;
    SseParser events_;
    Form form_ = Form::unknown;
    Json answer_;
    Random random_{draw_seed()};
    std::string body_, pending_, failure_, cut_, request_id_, waiting_for_;
    int attempt_ = 0;
    double called_, started_ = 0, retry_at_ = 0, pause_ = 0, first_at_ = 0, last_at_ = 0,
                    finished_at_ = 0;
    bool done_ = false, cancelled_ = false, saw_done_ = false;
};

// Seconds to wait from "Retry-After-Ms" or "Retry-After" (a number or an HTTP date), -1 = not said.
double retry_after_seconds(const HttpHeaders& headers);

}  // namespace moonlet
