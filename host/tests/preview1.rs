//! Every function of preview1: what it answers when it succeeds, and each of its errors, on this host. Where
//! wasmtime-wasi does the work, an fd behind sockets shows that the fd is translated.

mod guest;
#[path = "preview1/calls.rs"]
#[macro_use]
mod calls;
#[path = "preview1/descriptors.rs"]
mod descriptors;
#[path = "preview1/directories.rs"]
mod directories;
#[path = "preview1/files.rs"]
mod files;
#[path = "preview1/links.rs"]
mod links;
#[path = "preview1/paths.rs"]
mod paths;
#[path = "preview1/process.rs"]
mod process;
#[path = "preview1/sockets.rs"]
mod sockets;
#[path = "preview1/table.rs"]
mod table;
#[path = "preview1/traps.rs"]
mod traps;

/// Makes a test of each case, and a list of them all.
macro_rules! cases {
    ($($file:ident { $($case:ident)* })*) => {
        $($(
            #[test]
            fn $case() {
                calls::holds($file::$case);
            }
        )*)*

        /// Every case's calls.
        const CASES: &[fn(&mut calls::Calls)] = &[$($($file::$case,)*)*];
    };
}

cases! {
    process {
        arguments_are_those_given
        variables_are_those_given
        random_bytes_fill_their_buffer_and_nothing_else
        two_clocks_tell_the_time_and_the_others_do_not
        yielding_succeeds_and_raising_a_signal_is_not_supported
    }
    descriptors {
        a_closed_fd_is_bad_and_its_number_is_given_out_again
        renumbering_moves_files_onto_sockets_and_sockets_onto_files
        an_fd_says_what_it_is
        flags_of_a_file_are_what_they_were_set_to
        rights_cannot_be_set
        directories_are_found_behind_the_listener
    }
    files {
        bytes_are_read_and_written_where_the_file_stands
        bytes_are_read_and_written_at_an_offset_and_the_file_stays_where_it_stands
        a_file_is_sought_from_its_start_its_place_and_its_end
        a_file_open_to_append_is_written_at_its_end
        a_file_open_in_one_direction_has_no_other
        what_is_written_is_brought_to_the_disk
        advice_is_taken_and_space_is_not_allocated_ahead
        a_file_is_cut_and_grown
        a_file_has_the_times_it_was_given
    }
    directories {
        a_directory_lists_what_is_in_it_from_a_cookie_on
        a_directory_is_made_and_removed
        a_file_is_unlinked_and_a_directory_is_not
    }
    paths {
        a_path_opens_what_is_there_or_creates_it
        a_path_that_climbs_out_opens_nothing
        calls_on_a_path_that_climbs_out_change_nothing
        a_path_says_what_is_there
        a_path_has_the_times_it_was_given
        a_file_moves_from_one_directory_to_another
        a_path_that_is_no_text_or_too_long_is_refused
    }
    links {
        a_file_has_another_name
        a_symlink_is_made_and_read
        a_symlink_is_followed_where_a_call_says_so
    }
    sockets {
        a_connection_is_accepted
        bytes_are_received
        bytes_are_sent
        a_direction_is_ended
        a_poll_tells_of_a_file_a_stream_and_a_clock
        the_network_directory_is_no_file
    }
}
