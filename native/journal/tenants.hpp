// Which tenant's records are in a group, and the hashes that follow.
//
// A group's records are hashed once, tenant by tenant: the whole journal's chain is over the tenants' digests and each
// tenant's own chain is over its digests. Order is bound all the same: a record's checksum holds its sequence. So one
// tenant's records can be proven without showing anyone else's, at the cost of a single hash over the bytes.
//
// A tenant's digest of a group is a Merkle tree's (RFC 6962 §2.1), so that one fact can be proven without the others. Its
// leaves are the tenant's plain records together, if there are any, and then each fact:
//
//   salt(i)  = SHA-256(seed, i u32)          seed of the journal's secret, the group and the tenant (`salt_seed`)
//   leaf(i)  = SHA-256(0x00, salt(i), bytes)
//   node     = SHA-256(0x01, left, right)
//   digest   = SHA-256(0x02, leaves u32, root)
//
// A record may be guessed: a price, a quantity, an account. The salt keeps a leaf's hash from telling who guessed right.
// Plain records are one leaf because nobody is ever shown one alone, and a leaf for each would cost three times the hashing.
#pragma once

#include <unordered_map>
#include <vector>

#include "format.hpp"

namespace yunhai::journal {

struct TenantPart {
    std::uint32_t tenant = 0;
    std::uint32_t slots = 0;
    std::uint32_t plain = 0;   // of them, slots of records that are no facts
    std::uint32_t leaves = 0;
    std::size_t first_leaf = 0;  // while the group is hashed
    Digest digest{};
};

// Splits groups by tenant; keeps its memory from one group to the next.
class Splitter {
  public:
    // Of the journal; before the first group.
    void reset(const Secret& secret) { secret_ = secret; }
    // Ascending by tenant. Valid until the next call.
    const std::vector<TenantPart>& split(Bytes payload, std::uint64_t group_first_sequence);
    const std::vector<TenantPart>& parts() const { return parts_; }

  private:
    struct Place {
        std::uint32_t tenant;
        std::uint32_t index;
        std::uint64_t round;
    };
    struct FactPlace {
        std::uint32_t part;
        std::uint32_t slot;
        std::uint32_t slots;
    };
    std::uint32_t index_of(std::uint32_t tenant);
    void grow();
    void own(Bytes payload);
    void lay_out(std::uint64_t group_first_sequence);
    void gather(Bytes payload);

    Secret secret_{};
    std::vector<Place> table_{std::vector<Place>(1024)};  // open addressing; `round` says whether a place is of this group
    std::uint64_t round_ = 0;
    std::vector<TenantPart> parts_;
    std::vector<std::uint32_t> owner_;  // of each slot; `nobody` where a fact's slots are
    std::vector<FactPlace> facts_;
    std::vector<std::size_t> fact_leaf_;
    std::vector<std::size_t> next_;   // by part: its next leaf, then the next byte of its plain records
    std::vector<std::size_t> begin_;  // by leaf: where its bytes begin in `gathered_`
    std::vector<std::byte> gathered_;
    std::vector<Bytes> messages_;
    std::vector<Digest> digests_;
};

// The digest of one tenant's slots in a group, the same as the splitter's.
Digest part_digest(const Digest& seed, Bytes slots);

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
