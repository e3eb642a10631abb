//! The cases every [`Network`](crate::Network) passes under a [`Process`](crate::Process): here is the list of
//! them, by which a harness runs them all. How a case drives a guest and its peers is in `cases/`.
//!
//! A harness brings a [`Rig`] and instantiates every case with it:
//!
//! ```
//! use wasi_poll_preview1::cases::MemoryRig;
//!
//! macro_rules! run {
//!     ($($case:ident)*) => {
//!         $(wasi_poll_preview1::cases::$case::<MemoryRig<0>>();)*
//!     };
//! }
//! # fn main() {
//! wasi_poll_preview1::for_each_case!(run);
//! # }
//! ```
//!
//! In a test crate the body of the macro is `$(#[test] fn $case() { … })*`.
//!
//! A case never counts on bytes having arrived when the peer's send returns: it waits for them in blocking
//! calls. It does count on what it never sent not arriving.
#![expect(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "a case is named as what it proves, and fails by a panic; a guest's calls are the process's"
)]

mod bad_calls;
mod bad_polls;
mod datagrams;
mod descriptors;
mod edge_subscriptions;
mod edge_triggered;
mod fault_rig;
mod faults;
#[cfg(test)]
mod granting;
mod guest;
mod limits;
mod memory_rig;
mod net_attributes;
mod net_grants;
mod net_guest;
mod net_open;
mod net_paths;
#[cfg(test)]
mod noise;
mod polling;
#[cfg(test)]
mod property;
mod random;
mod random_programs;
mod readiness_sets;
mod record;
mod rig;
mod streams;
#[cfg(test)]
mod virtual_time;

pub use bad_calls::*;
pub use bad_polls::*;
pub use datagrams::*;
pub use descriptors::*;
pub use edge_subscriptions::*;
pub use edge_triggered::*;
pub use fault_rig::{Call, FaultRig, FaultyGuest, FaultyNetwork};
pub use faults::*;
pub use guest::Guest;
pub use limits::*;
pub use memory_rig::MemoryRig;
pub use net_attributes::*;
pub use net_grants::*;
pub use net_open::*;
pub use net_paths::*;
pub use polling::*;
pub use random_programs::*;
pub use readiness_sets::*;
pub use rig::{DatagramPeer, Peer, Rig};
pub use streams::*;

/// Calls the macro named with the names of all cases, which are functions in [`cases`](crate::cases), generic
/// over a [`Rig`](crate::cases::Rig).
#[macro_export]
macro_rules! for_each_case {
    ($instantiate:ident) => {
        $instantiate! {
            no_iovec_or_empty_ones_move_nothing
            more_iovecs_than_allowed_are_enomem
            iovec_lengths_that_overflow_are_einval
            one_iovec_out_of_bounds_traps_before_any_byte_moves
            an_iovec_array_out_of_bounds_or_misaligned_traps
            a_result_pointer_out_of_bounds_or_misaligned_traps_before_any_byte_moves
            an_accept_to_a_bad_pointer_traps_and_the_connection_is_still_there
            a_stat_to_a_bad_pointer_traps
            a_gathering_receive_over_its_own_iovecs_keeps_to_them
            unknown_flags_are_einval_and_do_nothing
            socket_calls_on_what_is_no_socket_are_enotsock
            socket_calls_on_what_is_not_open_are_ebadf
            transfers_on_a_listener_are_enotconn
            accept_on_a_stream_is_einval
            a_poll_of_nothing_is_einval
            a_poll_of_more_than_allowed_is_enomem
            a_count_whose_bytes_wrap_is_enomem
            a_poll_with_a_pointer_out_of_bounds_traps_and_does_nothing
            a_poll_with_a_misaligned_pointer_traps_and_does_nothing
            subscriptions_are_read_before_events_are_written_over_them
            a_poll_that_waited_does_not_read_its_subscriptions_again
            an_unknown_tag_clock_or_flag_is_einval
            a_clock_of_cpu_time_is_enotsup
            a_bad_fd_is_an_event_of_its_own
            the_same_subscription_twice_is_two_events
            a_time_that_has_passed_is_due_at_once
            an_absolute_time_is_waited_for_on_either_clock
            of_two_clocks_only_the_expired_one_is_told
            the_lowest_free_number_is_given_out_next
            a_closed_fd_is_silent_when_its_number_is_used_again
            renumbering_moves_a_stream_and_closes_what_was_there
            a_renumbered_fd_is_silent_when_its_number_is_used_again
            renumbering_onto_itself_changes_nothing
            renumbering_what_is_not_open_is_ebadf_and_changes_nothing
            renumbering_takes_files_and_sockets_alike
            a_thousand_renumberings_leak_nothing
            a_listener_is_muted_at_the_limit_of_fds_until_one_is_free
            a_socket_says_what_it_is
            a_guest_that_ends_closes_its_sockets
            a_timeout_alone_elapses_and_never_early
            a_zero_timeout_returns_at_once_with_what_is_ready
            a_huge_timeout_does_not_overflow
            a_pending_connection_makes_a_listener_readable_until_it_is_drained
            a_connected_stream_is_writable_and_has_nothing_to_read
            a_drained_stream_is_quiet_until_new_bytes
            both_directions_of_a_stream_are_told_in_one_poll
            bytes_that_came_before_the_poll_are_told_until_they_are_read
            a_source_that_may_be_ready_is_told_only_if_it_is
            a_source_that_is_always_ready_hides_no_other
            a_full_stream_is_writable_again_when_the_peer_has_read
            the_peers_end_is_a_hangup_and_reads_zero
            an_end_right_behind_bytes_is_not_lost_behind_a_short_read
            a_reset_is_an_error_on_that_source_alone
            bytes_that_came_before_a_reset_are_received_before_it
            a_send_takes_the_error_of_a_reset_too
            a_foreign_fd_is_always_ready
            an_edge_that_is_not_drained_is_told_again_when_more_comes_alone
            a_drained_edge_is_told_with_the_next_bytes
            room_is_told_once_until_there_was_none
            an_edge_is_told_to_whoever_subscribes_anew
            a_listener_of_which_one_connection_was_taken_is_hidden_until_the_next
            a_number_that_is_another_socket_is_told_anew
            a_poll_that_waits_tells_what_it_hides
            a_blocking_accept_takes_a_connection_that_comes
            a_nonblocking_accept_answers_eagain
            an_accepted_stream_blocks_unless_accept_is_told_otherwise
            a_blocking_receive_waits_for_bytes
            a_nonblocking_receive_answers_eagain
            a_program_that_never_polls_sees_new_bytes
            a_program_that_never_polls_sees_new_connections
            peeked_bytes_stay
            a_receive_of_everything_gathers_several_arrivals
            a_receive_of_everything_ends_with_the_stream
            a_reset_behind_what_was_gathered_is_told_by_the_next_call
            a_nonblocking_receive_of_everything_takes_what_is_there
            buffers_are_read_into_in_order
            of_buffers_that_overlap_the_later_one_wins
            buffers_are_written_from_in_order
            ending_sending_ends_the_peers_stream_and_nothing_else
            ending_receiving_reads_zero_and_leaves_sending
            ending_both_ways_at_once_ends_both
            what_has_ended_both_ways_cannot_be_ended_again
            sending_to_a_closed_peer_is_a_broken_pipe
            a_listener_on_port_0_is_opened_and_says_its_address
            a_listener_opened_nonblocking_does_not_wait
            a_taken_address_is_in_use_until_its_listener_is_closed
            a_preopened_listener_is_claimed_by_its_address_once
            a_claimed_listener_has_the_number_it_was_moved_to
            a_nonblocking_connect_is_writable_when_it_is_done
            a_refused_nonblocking_connect_tells_its_error_once
            a_blocking_connect_waits_until_the_connection_stands
            a_blocking_connect_that_is_refused_opens_nothing
            at_the_limit_of_fds_nothing_is_opened
            a_bad_pointer_traps_before_anything_is_opened
            an_opened_socket_says_what_it_is
            flags_no_socket_has_open_nothing
            closing_an_opened_stream_ends_the_peers
            the_network_directory_says_what_it_is
            the_network_directory_can_be_closed_and_is_no_socket
            without_a_grant_there_is_no_network_directory
            other_calls_on_the_network_directory_change_nothing
            a_path_that_is_not_there_or_does_not_parse_says_which
            a_path_that_is_no_text_is_einval
            a_path_or_value_of_megabytes_is_too_long
            a_link_is_cut_where_the_buffer_ends
            only_links_can_be_read_and_only_attributes_set
            a_bad_pointer_to_the_network_directory_traps_and_sets_nothing
            an_option_is_what_it_was_set_to
            an_option_is_at_first_what_systems_agree_on
            an_option_a_socket_has_not_is_enoprotoopt
            a_value_an_option_cannot_have_is_einval
            what_can_only_be_read_cannot_be_set_nor_the_other_way_round
            an_attribute_of_what_is_no_socket_says_so
            a_preopened_listener_has_attributes_without_a_claim
            a_datagram_is_led_by_its_senders_address
            a_connected_datagram_socket_sends_and_receives_bare_datagrams
            a_connected_datagram_socket_hears_nobody_else
            datagrams_keep_their_bounds_and_their_order
            an_empty_datagram_is_sent_and_received
            a_datagram_loses_what_there_is_no_room_for
            a_peeked_datagram_stays
            buffers_without_room_for_the_address_are_einval
            an_address_of_no_family_is_einval
            a_datagram_socket_is_writable_and_quiet_until_a_datagram_comes
            a_blocking_receive_waits_for_a_datagram
            a_program_that_never_polls_sees_new_datagrams
            a_refused_datagram_is_an_error_once
            a_datagram_longer_than_any_is_emsgsize
            a_datagram_is_gathered_from_buffers_and_spread_over_them
            a_datagram_with_a_bad_pointer_traps_and_is_still_there
            stream_calls_on_a_datagram_socket_are_refused
            a_taken_datagram_address_is_in_use_until_it_is_closed
            a_closed_datagram_socket_is_silent_when_its_number_is_used_again
            every_datagram_needs_a_grant_for_where_it_goes
            a_grant_of_one_use_is_none_of_another
            an_accept_the_system_has_no_room_for_is_tried_again_later_and_not_at_once
            a_listener_without_room_is_tried_at_once_when_something_is_closed
            an_aborted_connection_is_told_and_the_next_is_accepted
            an_interrupted_call_moves_nothing_and_can_be_made_again
            an_interrupted_receive_of_everything_tells_what_it_has
            a_send_without_buffers_moves_nothing_and_can_be_made_again
            an_interrupted_wait_is_waited_again
            a_write_that_waits_for_its_reader_ends_when_that_resets
            a_slow_reader_gets_every_byte_and_is_not_waited_for_busily
            a_rule_on_a_name_allows_its_addresses_and_looking_it_up
            an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address
            a_name_that_is_not_one_is_never_looked_up
            a_refusal_says_what_would_allow_it
            a_random_program_sees_what_a_simple_model_says
            a_set_tells_of_new_bytes_once
            a_subscription_to_what_is_ready_already_is_told
            a_drained_stream_is_told_by_a_set_when_bytes_come
            a_set_tells_no_more_than_there_is_room_for_and_the_rest_next
            subscribing_again_replaces_and_unsubscribing_ends
            a_closed_fd_is_told_by_a_set_and_its_number_is_silent
            an_fd_unsubscribed_or_subscribed_anew_after_its_close_tells_nothing_of_the_old
            renumbering_ends_the_subscriptions_of_both_numbers
            a_bad_fd_in_a_set_is_an_event_of_its_own
            a_blocking_set_waits_for_its_first_event
            a_program_that_reads_its_set_without_polling_it_hears_of_new_bytes
            changes_that_make_no_sense_are_einval_and_none_is_made
            a_set_with_a_bad_pointer_traps_and_changes_and_tells_nothing
            changes_and_events_spread_over_several_buffers
            a_full_set_takes_what_has_room_and_then_is_enomem
            there_are_no_more_sets_than_allowed_and_closing_one_frees_it
            a_set_is_opened_by_its_path_and_says_what_it_is
            a_listener_at_the_limit_of_fds_is_mute_in_a_set_until_one_is_free
            an_edge_subscription_is_told_again_once_it_was_drained
            an_edge_subscription_is_quiet_until_it_was_drained
            a_short_receive_and_a_short_send_drain
            a_receive_cut_to_the_limit_counts_as_short
            looking_at_bytes_does_not_drain
            the_end_of_a_stream_is_told_once
            a_listener_is_told_again_once_nobody_is_pending
            subscribing_again_ends_the_quiet
            the_close_of_a_quiet_descriptor_is_told_and_ends_its_subscription
            what_is_no_socket_is_told_at_each_read
            a_read_of_a_set_waits_no_longer_than_it_is_to
            a_set_that_does_not_block_does_not_wait_whatever_its_timeout
            a_call_moves_no_more_bytes_than_allowed_and_the_next_one_the_rest
            streams_that_are_connecting_have_a_limit
            look_ups_have_a_limit_in_a_minute
            limits_of_one_call_are_told_with_their_flag
            limits_of_readiness_sets_are_told_with_their_flag
        }
    };
}

#[cfg(test)]
mod tests {
    use super::MemoryRig;
    use crate::test_attribute::test;

    macro_rules! at_once {
        ($($case:ident)*) => {
            mod at_once {
                use super::test;
                $(#[test] fn $case() { crate::cases::$case::<super::MemoryRig<0>>(); })*
            }
        };
    }
    macro_rules! with_latency {
        ($($case:ident)*) => {
            mod with_latency {
                use super::test;
                $(#[test] fn $case() { crate::cases::$case::<super::MemoryRig<1_000>>(); })*
            }
        };
    }
    crate::for_each_case!(at_once);
    crate::for_each_case!(with_latency);

    macro_rules! names {
        ($($case:ident)*) => { [$(stringify!($case)),*] };
    }

    #[test]
    fn every_case_is_in_the_list() {
        let listed = crate::for_each_case!(names);
        let files = [
            include_str!("cases/bad_calls.rs"),
            include_str!("cases/bad_polls.rs"),
            include_str!("cases/datagrams.rs"),
            include_str!("cases/descriptors.rs"),
            include_str!("cases/edge_triggered.rs"),
            include_str!("cases/edge_subscriptions.rs"),
            include_str!("cases/faults.rs"),
            include_str!("cases/limits.rs"),
            include_str!("cases/net_attributes.rs"),
            include_str!("cases/net_grants.rs"),
            include_str!("cases/net_open.rs"),
            include_str!("cases/net_paths.rs"),
            include_str!("cases/polling.rs"),
            include_str!("cases/random_programs.rs"),
            include_str!("cases/readiness_sets.rs"),
            include_str!("cases/streams.rs"),
        ];
        let written = files.iter().flat_map(|text| text.split("\npub fn ").skip(1));
        for name in written.map(|rest| rest.split('<').next().unwrap_or_default()) {
            assert!(listed.contains(&name), "{name} is not in for_each_case!");
        }
    }
}
