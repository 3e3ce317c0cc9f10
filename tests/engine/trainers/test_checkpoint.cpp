// SPDX-License-Identifier: Apache-2.0
// Checkpoints appear whole or not at all, go on only with the training they are of, and are read
// back as models.
#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"
#include "trainers/checkpoint.h"

using namespace moonlet;
using Catch::Contains;
using test::difference;
using test::random_rows;
using test::tiny_model;
using test::weights;
namespace fs = std::filesystem;

namespace {

std::string fresh(const char* name) {
    fs::path path = test::scratch() / name;
    fs::remove_all(path);
    return path.string();
}

Json options(Json more = Json::object()) {
    Json base = {
        {"lr", 1e-2}, {"max_length", 24}, {"batch_size", 4}, {"max_steps", 6}, {"seed", 3}};
    base.update(more);
    return base;
}

std::map<std::string, std::string> bytes_below(const std::string& folder) {
    std::map<std::string, std::string> result;
    for (const auto& e : fs::recursive_directory_iterator(folder))
        if (e.is_regular_file()) result[e.path().string()] = read_file(e.path().string());
    return result;
}

// No file of this process may grow past `bytes`: what a full disk does to a write.
struct FullDisk {
    rlimit before;
    void (*handler)(int);
    explicit FullDisk(rlim_t bytes) {
        handler = signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        rlimit now = before;
        now.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, handler);
    }
};

}  // namespace

TEST_CASE("save, load: the same state, as a trainer and as a model", "[checkpoint]") {
    std::string folder = fresh("state");
    auto model = tiny_model();
    auto t = Trainer::make("cpt", model, random_rows(40), options());
    t->step();
    t->step();
    t->save(folder);
    t->save(folder);  // replaces itself
    CHECK_FALSE(fs::exists(fs::path(folder).parent_path() / ".state.tmp"));

    auto loaded = load_model(folder);
    auto again = std::make_shared<LanguageModel>();
    again->network = loaded;
    CHECK(difference(weights(*model), weights(*again)) == 0);

    auto other = tiny_model();
    auto u = Trainer::make("cpt", other, random_rows(40), options({{"resume", folder}}));
    CHECK(u->steps_done() == 2);
    CHECK(u->history()[1].loss == t->history()[1].loss);
    CHECK(u->history()[1].tokens == t->history()[1].tokens);
    t->run();
    u->run();
    CHECK(difference(weights(*model), weights(*other)) == 0);
    // Back to where it was: the same steps once more.
    u->resume(folder);
    CHECK(u->steps_done() == 2);
    u->run();
    CHECK(difference(weights(*model), weights(*other)) == 0);
}

TEST_CASE("without a seed a resume takes the checkpoint's", "[checkpoint]") {
    std::string folder = fresh("seed");
    Json o = options();
    o.erase("seed");
    auto t = Trainer::make("cpt", tiny_model(), random_rows(40), o);
    t->step();
    t->save(folder);
    t->run();
    o["resume"] = folder;
    auto u = Trainer::make("cpt", tiny_model(), random_rows(40), o);
    CHECK(u->options().seed == t->options().seed);
    u->run();
    CHECK(u->history().back().loss == t->history().back().loss);
}

TEST_CASE("a checkpoint of another training is refused, and nothing changes", "[checkpoint]") {
    std::string folder = fresh("other");
    auto t = Trainer::make("cpt", tiny_model(), random_rows(40), options());
    t->step();
    t->save(folder);
    auto resume = [&](Json more, Rows rows = random_rows(40)) {
        auto model = tiny_model();
        auto u = Trainer::make("cpt", model, rows, options(more));
        u->step();
        auto before = weights(*model);
        try {
            u->resume(folder);
        } catch (const Error&) {
            CHECK(u->steps_done() == 1);
            CHECK(difference(before, weights(*model)) == 0);
            throw;
        }
    };
    CHECK_NOTHROW(resume({{"save_steps", 2}, {"keep", 1}}));
    CHECK_THROWS_WITH(resume({{"lr", 2e-2}}), Contains("lr = 0.01, not lr = 0.02"));
    CHECK_THROWS_WITH(resume({{"max_steps", 7}}), Contains("max_steps = 6"));
    CHECK_THROWS_WITH(resume({{"seed", 4}}), Contains("seed"));
    CHECK_THROWS_WITH(resume(Json::object(), random_rows(40, 2)), Contains("other data"));
    CHECK_THROWS_WITH(resume(Json::object(), random_rows(39)),
                      Contains("40 sequences") && Contains("39"));
    auto gpt = Trainer::make("cpt", tiny_model(at::kFloat, "gpt2"), random_rows(40), options());
    CHECK_THROWS_AS(gpt->resume(folder), Error);
    auto narrow = Trainer::make("cpt", tiny_model(at::kBFloat16), random_rows(40), options());
    CHECK_THROWS_WITH(narrow->resume(folder), Contains("shape or dtype"));
    CHECK_THROWS_WITH(t->resume(fresh("none")), Contains("no checkpoint"));
}

TEST_CASE("broken checkpoints give an error each, and nothing changes", "[checkpoint]") {
    std::string good = fresh("good");
    auto model = tiny_model();
    auto t = Trainer::make("cpt", model, random_rows(40), options());
    t->step();
    t->save(good);
    t->step();
    auto before = weights(*model);
    for (const char* file : {"trainer.json", "optimizer.safetensors", "model.safetensors"})
        for (int kind : {0, 1, 2}) {
            std::string bad = fresh("bad");
            fs::copy(good, bad);
            std::string path = bad + "/" + file, bytes = read_file(path);
            if (kind == 0) bytes.resize(bytes.size() / 2);
            if (kind == 1) bytes = "{}";
            if (kind == 2) bytes.clear();
            write_file(path, bytes);
            INFO(file << " " << kind);
            CHECK_THROWS_AS(t->resume(bad), Error);
            CHECK(t->steps_done() == 2);
            CHECK(difference(before, weights(*model)) == 0);
        }
}

TEST_CASE("a full disk leaves the old checkpoint whole", "[checkpoint]") {
    std::string output = fresh("full"), folder = output + "/mine";
    auto t = Trainer::make("cpt", tiny_model(), random_rows(40), options());
    t->step();
    t->save(folder);
    auto before = bytes_below(output);
    t->step();
    size_t model = fs::file_size(folder + "/model.safetensors");
    for (rlim_t limit :
         {rlim_t(0), rlim_t(model / 2), rlim_t(model + 4096)}) {  // the last: full at the optimizer
        {
            FullDisk full(limit);
            CHECK_THROWS_WITH(t->save(folder), Contains("cannot write"));
        }
        CHECK((bytes_below(output) == before));
        CHECK(std::distance(fs::directory_iterator(output), fs::directory_iterator()) == 1);
    }
    t->save(folder);
    CHECK((bytes_below(output) != before));
    CHECK(t->run());
}

TEST_CASE("checkpoints below output: the newest is taken, old ones go", "[checkpoint]") {
    std::string output = fresh("output");
    CHECK(newest_checkpoint(output).empty());
    Json o = options({{"output", output}, {"save_steps", 2}, {"keep", 2}, {"resume", "auto"}});
    auto t = Trainer::make("cpt", tiny_model(), random_rows(40), o);
    CHECK(t->steps_done() == 0);
    CHECK(t->run());
    CHECK_FALSE(fs::exists(checkpoint_name(output, 2)));
    CHECK(fs::exists(checkpoint_name(output, 4)));
    CHECK(newest_checkpoint(output) == checkpoint_name(output, 6));
    // Neither an incomplete one, nor another name, nor a greater digit counts.
    fs::create_directory(checkpoint_name(output, 9));
    fs::create_directory(output + "/checkpoint-x");
    fs::create_directory(output + "/.checkpoint-8.tmp");
    fs::create_directory(output + "/.mine.tmp");
    fs::rename(checkpoint_name(output, 4), checkpoint_name(output, 10));
    CHECK(newest_checkpoint(output) == checkpoint_name(output, 10));
    fs::remove(checkpoint_name(output, 10) + "/optimizer.safetensors");
    auto u = Trainer::make("cpt", tiny_model(), random_rows(40), o);
    CHECK(u->steps_done() == 6);
    CHECK(u->done());
    CHECK_FALSE(fs::exists(output + "/.checkpoint-8.tmp"));
    CHECK(fs::exists(output + "/.mine.tmp"));
}

TEST_CASE("what is no checkpoint is never replaced", "[checkpoint]") {
    std::string folder = fresh("mine");
    fs::create_directories(folder);
    std::ofstream(folder + "/thesis.txt") << "years of work";
    auto t = Trainer::make("cpt", tiny_model(), random_rows(40), options());
    CHECK_THROWS_WITH(t->save(folder), Contains("holds other files"));
    CHECK_THROWS_WITH(t->save(folder + "/thesis.txt"), Contains("it is a file"));
    CHECK(read_file(folder + "/thesis.txt") == "years of work");
    CHECK_NOTHROW(t->save(fresh("deep") + "/er/"));
    CHECK(fs::exists(test::scratch() / "deep/er/trainer.json"));
}
