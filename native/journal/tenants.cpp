#include "tenants.hpp"

#include <algorithm>
#include <numeric>

namespace yunhai::journal {
namespace {

constexpr std::uint32_t nobody = UINT32_MAX;
constexpr std::byte leaf_mark{0};
constexpr std::byte node_mark{1};
constexpr std::byte digest_mark{2};
constexpr std::size_t leaf_prefix_bytes = 1 + sizeof(Digest);

// What stands before a leaf's bytes: the mark and the salt.
void write_prefix(std::byte* to, const Digest& seed, std::uint32_t leaf) {
    std::array<std::byte, 4> number;
    store(number.data(), leaf);
    const Digest salt = Sha256().update(seed).update(number).finish();
    to[0] = leaf_mark;
    std::memcpy(to + 1, salt.data(), salt.size());
}

// The digest of a part from its leaves, which it overwrites. An odd one at the end of a level goes up as it is: the same
// tree as RFC 6962's, which parts the leaves at the largest power of two.
Digest folded(std::span<Digest> leaves) {
    std::array<std::byte, 5> count{digest_mark};
    store(count.data() + 1, static_cast<std::uint32_t>(leaves.size()));
    std::size_t left = leaves.size();
    while (left > 1) {
        for (std::size_t pair = 0; pair < left / 2; ++pair) {
            leaves[pair] = Sha256().update(Bytes(&node_mark, 1)).update(leaves[2 * pair]).update(leaves[2 * pair + 1]).finish();
        }
        if (left % 2 == 1) leaves[left / 2] = leaves[left - 1];
        left = (left + 1) / 2;
    }
    return Sha256().update(count).update(left == 1 ? Bytes(leaves[0]) : Bytes()).finish();
}

}  // namespace

std::uint32_t Splitter::index_of(std::uint32_t tenant) {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = (tenant * 0x9E3779B1U >> 7) & mask;
    while (table_[at].round == round_ && table_[at].tenant != tenant) at = (at + 1) & mask;
    if (table_[at].round != round_) {
        table_[at] = {.tenant = tenant, .index = static_cast<std::uint32_t>(parts_.size()), .round = round_};
        parts_.push_back({});
        parts_.back().tenant = tenant;
        if (parts_.size() * 2 > table_.size()) {
            grow();
            return static_cast<std::uint32_t>(parts_.size() - 1);
        }
    }
    return table_[at].index;
}

void Splitter::grow() {
    table_.assign(table_.size() * 2, Place{});
    const std::size_t mask = table_.size() - 1;
    for (std::uint32_t index = 0; index < parts_.size(); ++index) {
        std::size_t at = (parts_[index].tenant * 0x9E3779B1U >> 7) & mask;
        while (table_[at].round == round_) at = (at + 1) & mask;
        table_[at] = {.tenant = parts_[index].tenant, .index = index, .round = round_};
    }
}

// Whose each slot is, and which facts there are.
void Splitter::own(Bytes payload) {
    const std::size_t slots = payload.size() / slot_bytes;
    ++round_;
    parts_.clear();
    facts_.clear();
    owner_.resize(slots);
    for (std::size_t slot = 0; slot < slots;) {
        const std::byte* at = payload.data() + slot * slot_bytes;
        const std::uint32_t index = index_of(load<std::uint32_t>(at + 4));
        const auto length = static_cast<std::uint32_t>(std::max<std::size_t>(slots_of(at, slots - slot), 1));
        TenantPart& part = parts_[index];
        part.slots += length;
        if (at[0] == std::byte{fact_kind}) {
            facts_.push_back({.part = index, .slot = static_cast<std::uint32_t>(slot), .slots = length});
            std::fill_n(owner_.begin() + static_cast<std::ptrdiff_t>(slot), length, nobody);
            ++part.leaves;
        } else {
            owner_[slot] = index;
            if (part.plain == 0) ++part.leaves;
            ++part.plain;
        }
        slot += length;
    }
}

// Room for every leaf, its first bytes (mark and salt) written; `next_` then says where each part's plain records go.
void Splitter::lay_out(std::uint64_t group_first_sequence) {
    std::size_t leaves = 0;
    next_.resize(parts_.size());
    for (std::size_t index = 0; index < parts_.size(); ++index) {
        TenantPart& part = parts_[index];
        part.first_leaf = leaves;
        next_[index] = leaves + (part.plain > 0 ? 1 : 0);
        leaves += part.leaves;
    }
    begin_.assign(leaves + 1, 0);
    for (const TenantPart& part : parts_) {
        if (part.plain > 0) begin_[part.first_leaf + 1] = std::size_t{part.plain} * slot_bytes;
    }
    fact_leaf_.resize(facts_.size());
    for (std::size_t fact = 0; fact < facts_.size(); ++fact) {
        fact_leaf_[fact] = next_[facts_[fact].part]++;
        begin_[fact_leaf_[fact] + 1] = std::size_t{facts_[fact].slots} * slot_bytes;
    }
    for (std::size_t leaf = 0; leaf < leaves; ++leaf) begin_[leaf + 1] += begin_[leaf] + leaf_prefix_bytes;
    if (gathered_.size() < begin_[leaves]) gathered_.resize(begin_[leaves]);
    for (std::size_t index = 0; index < parts_.size(); ++index) {
        const TenantPart& part = parts_[index];
        const Digest seed = salt_seed(secret_, group_first_sequence, part.tenant);
        for (std::uint32_t leaf = 0; leaf < part.leaves; ++leaf) write_prefix(gathered_.data() + begin_[part.first_leaf + leaf], seed, leaf);
        next_[index] = begin_[part.first_leaf] + leaf_prefix_bytes;
    }
}

void Splitter::gather(Bytes payload) {
    for (std::size_t slot = 0; slot < owner_.size(); ++slot) {
        if (owner_[slot] == nobody) continue;
        std::size_t& to = next_[owner_[slot]];
        std::memcpy(gathered_.data() + to, payload.data() + slot * slot_bytes, slot_bytes);
        to += slot_bytes;
    }
    for (std::size_t fact = 0; fact < facts_.size(); ++fact) {
        const FactPlace& place = facts_[fact];
        std::memcpy(gathered_.data() + begin_[fact_leaf_[fact]] + leaf_prefix_bytes, payload.data() + std::size_t{place.slot} * slot_bytes,
                    std::size_t{place.slots} * slot_bytes);
    }
}

const std::vector<TenantPart>& Splitter::split(Bytes payload, std::uint64_t group_first_sequence) {
    own(payload);
    lay_out(group_first_sequence);
    gather(payload);
    const std::size_t leaves = begin_.size() - 1;
    messages_.clear();
    for (std::size_t leaf = 0; leaf < leaves; ++leaf) messages_.push_back(Bytes(gathered_).subspan(begin_[leaf], begin_[leaf + 1] - begin_[leaf]));
    digests_.resize(leaves);
    sha256_many(messages_, digests_);
    for (TenantPart& part : parts_) part.digest = folded(std::span(digests_).subspan(part.first_leaf, part.leaves));
    std::sort(parts_.begin(), parts_.end(), [](const TenantPart& a, const TenantPart& b) { return a.tenant < b.tenant; });
    return parts_;
}

Digest part_digest(const Digest& seed, Bytes slots) {
    const std::size_t count = slots.size() / slot_bytes;
    std::vector<std::byte> plain(leaf_prefix_bytes);
    std::vector<Bytes> facts;
    for (std::size_t slot = 0; slot < count;) {
        const std::byte* at = slots.data() + slot * slot_bytes;
        const std::size_t length = std::max<std::size_t>(slots_of(at, count - slot), 1);
        if (at[0] == std::byte{fact_kind}) {
            facts.emplace_back(at, length * slot_bytes);
        } else {
            plain.insert(plain.end(), at, at + slot_bytes);
        }
        slot += length;
    }
    std::vector<Digest> leaves;
    std::array<std::byte, leaf_prefix_bytes> prefix;
    if (plain.size() > leaf_prefix_bytes) {
        write_prefix(plain.data(), seed, 0);
        leaves.push_back(Sha256().update(plain).finish());
    }
    for (const Bytes fact : facts) {
        write_prefix(prefix.data(), seed, static_cast<std::uint32_t>(leaves.size()));
        leaves.push_back(Sha256().update(prefix).update(fact).finish());
    }
    return folded(leaves);
}

Digest group_chain(const std::byte* header, const std::vector<TenantPart>& parts) {
    Sha256 hash;
    hash.update(Bytes(header, group_hashed_bytes));
    for (const TenantPart& part : parts) {
        std::array<std::byte, 40> row;
        store(row.data(), part.tenant);
        store(row.data() + 4, part.slots);
        std::memcpy(row.data() + 8, part.digest.data(), part.digest.size());
        hash.update(row);
    }
    return hash.finish();
}

void TenantHeads::reset(const JournalId& journal) {
    journal_ = journal;
    heads_.clear();
}

void TenantHeads::absorb(std::uint64_t group_first_sequence, const std::vector<TenantPart>& parts) {
    for (const TenantPart& part : parts) {
        auto head = heads_.find(part.tenant);
        if (head == heads_.end()) head = heads_.emplace(part.tenant, genesis_tenant(journal_, part.tenant)).first;
        head->second = tenant_step(head->second, group_first_sequence, part.slots, part.digest);
    }
}

}  // namespace yunhai::journal
