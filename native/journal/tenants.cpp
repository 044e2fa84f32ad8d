#include "tenants.hpp"

#include <algorithm>
#include <numeric>

namespace yunhai::journal {

std::uint32_t Splitter::index_of(std::uint32_t tenant) {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = (tenant * 0x9E3779B1U >> 7) & mask;
    while (table_[at].round == round_ && table_[at].tenant != tenant) at = (at + 1) & mask;
    if (table_[at].round != round_) {
        table_[at] = {.tenant = tenant, .index = static_cast<std::uint32_t>(parts_.size()), .round = round_};
        parts_.push_back({.tenant = tenant, .slots = 0, .digest = {}});
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

const std::vector<TenantPart>& Splitter::split(Bytes payload) {
    const std::size_t slots = payload.size() / slot_bytes;
    ++round_;
    parts_.clear();
    owner_.resize(slots);
    for (std::size_t slot = 0; slot < slots;) {
        const std::byte* at = payload.data() + slot * slot_bytes;
        const std::uint32_t index = index_of(load<std::uint32_t>(at + 4));
        const std::size_t length = std::max<std::size_t>(slots_of(at, slots - slot), 1);
        std::fill_n(owner_.begin() + static_cast<std::ptrdiff_t>(slot), length, index);
        parts_[index].slots += static_cast<std::uint32_t>(length);
        slot += length;
    }
    begin_.resize(parts_.size());
    std::size_t total = 0;
    for (std::size_t index = 0; index < parts_.size(); ++index) {
        begin_[index] = total;
        total += std::size_t{parts_[index].slots} * slot_bytes;
    }
    gathered_.resize(total);
    for (std::size_t slot = 0; slot < slots; ++slot) {
        std::size_t& to = begin_[owner_[slot]];
        std::memcpy(gathered_.data() + to, payload.data() + slot * slot_bytes, slot_bytes);
        to += slot_bytes;
    }
    messages_.clear();
    digests_.resize(parts_.size());
    std::size_t from = 0;
    for (const TenantPart& part : parts_) {
        const std::size_t length = std::size_t{part.slots} * slot_bytes;
        messages_.push_back(Bytes(gathered_).subspan(from, length));
        from += length;
    }
    sha256_many(messages_, digests_);
    for (std::size_t index = 0; index < parts_.size(); ++index) parts_[index].digest = digests_[index];
    std::sort(parts_.begin(), parts_.end(), [](const TenantPart& a, const TenantPart& b) { return a.tenant < b.tenant; });
    return parts_;
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
