// Which tenant's records are in a group, and the hashes that follow.
//
// A group's records are hashed once, tenant by tenant: the whole journal's chain is over the tenants' digests and each
// tenant's own chain is over its digests. Order is bound all the same: a record's checksum holds its sequence. So one
// tenant's records can be proven without showing anyone else's, at the cost of a single hash over the bytes.
#pragma once

#include <unordered_map>
#include <vector>

#include "format.hpp"

namespace yunhai::journal {

struct TenantPart {
    std::uint32_t tenant = 0;
    std::uint32_t slots = 0;
    Digest digest{};  // SHA-256 of the tenant's slots, in order
};

// Splits groups by tenant; keeps its memory from one group to the next.
class Splitter {
  public:
    // Ascending by tenant. Valid until the next call.
    const std::vector<TenantPart>& split(Bytes payload);
    const std::vector<TenantPart>& parts() const { return parts_; }

  private:
    struct Place {
        std::uint32_t tenant;
        std::uint32_t index;
        std::uint64_t round;
    };
    std::uint32_t index_of(std::uint32_t tenant);
    void grow();

    std::vector<Place> table_{std::vector<Place>(1024)};  // open addressing; `round` says whether a place is of this group
    std::uint64_t round_ = 0;
    std::vector<TenantPart> parts_;
    std::vector<std::uint32_t> owner_;  // of each slot
    std::vector<std::size_t> begin_;
    std::vector<std::byte> gathered_;
    std::vector<Bytes> messages_;
    std::vector<Digest> digests_;
};

// SHA-256(header without chain and checksum, then tenant, slots, digest of each part).
Digest group_chain(const std::byte* header, const std::vector<TenantPart>& parts);

// The per-tenant chains: advanced once per group in which the tenant has records.
class TenantHeads {
  public:
    void reset(const JournalId& journal);
    void absorb(std::uint64_t group_first_sequence, const std::vector<TenantPart>& parts);
    const std::unordered_map<std::uint32_t, Digest>& heads() const { return heads_; }

  private:
    JournalId journal_{};
    std::unordered_map<std::uint32_t, Digest> heads_;
};

}  // namespace yunhai::journal
