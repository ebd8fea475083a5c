#pragma once

#include "clients.hpp"
#include "dispatcher.hpp"
#include "gateway.hpp"
#include "market.hpp"
#include "sessions.hpp"

namespace parley::sim {

struct Settings {
    std::uint64_t seed = 1;
    std::uint64_t steps = 2'500;
    bool is_traced = false;
    bool is_faulty = true;
};

struct Outcome {
    FaultCounts faults;
    std::uint64_t steps = 0;
    std::uint64_t lives = 0;
    std::int64_t commands = 0;
    std::int64_t events = 0;
    /// Of every event and of the database: equal for equal seeds.
    std::uint64_t digest = 0;
    std::string violation;
    std::vector<std::string> trace;
};

/// Everything of one seed: clients, database, dispatcher, Valkey, gateway, engine, disk, venue, clocks and faults, one
/// step of one of them at a time, and the oracles after each.
class World {
public:
    explicit World(const Settings& settings);
    /// Never throws a Violation: it is in the outcome.
    [[nodiscard]] Outcome run();

private:
    // world.cpp: the order of things
    void step();
    void act(std::int64_t dice);
    void step_gateway(std::int64_t dice);
    void step_clock();
    void watch();
    void heal();
    [[nodiscard]] bool is_quiet();
    void insist_at_end();
    void insist_on_twin();
    [[nodiscard]] std::uint64_t digest() const;

    // world_faults.cpp: deaths, disks, restarts
    void strike();
    void arm_disk();
    void arm_kill_point();
    [[nodiscard]] DiskFault on_disk(const DiskOperation& operation);
    [[nodiscard]] DiskFault answer_planned(const DiskOperation& operation);
    void die();
    void restart();
    void insist_on_recovery();
    void insist_on_hashes();
    void insist_on_power_loss();
    struct Flip {
        std::string name;
        std::uint64_t offset;
        std::uint8_t mask;
        std::uint8_t flipped;
    };
    [[nodiscard]] std::optional<Flip> flip_byte();
    void flip_back(const Flip& flip);
    void open_gateway();

    Context context_;
    const Settings settings_;
    Valkey valkey_;
    Database database_;
    Mirror mirror_;
    Clients clients_;
    Market market_;
    Sessions sessions_;
    Dispatcher dispatcher_;
    std::shared_ptr<MemoryStorage> storage_;
    EngineService::Options options_;
    KillPoint kill_;
    std::unique_ptr<Gateway> gateway_;

    TimeNs restart_at_ = 0;
    std::uint64_t lives_ = 0;
    std::int64_t compared_at_ = -1;
    bool is_dead_ = false;
    bool has_lost_power_ = false;
    bool has_disk_failed_ = false;
    bool was_journal_synced_ = false;
    bool has_durable_mark_ = false;  // a power loss may take it: then a flipped byte in the tail proves nothing
    Fault planned_ = Fault::count;
    std::int64_t planned_in_ = 0;
    std::int64_t halted_event_number_ = -1;
};

}  // namespace parley::sim
