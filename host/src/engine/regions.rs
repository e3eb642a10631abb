//! Which bytes of the guest's memory a call reads and writes, by the function's name: preview1's signatures, once more,
//! for who records. What the bytes mean is not known here.

use wasi_poll_preview1::Memory;

/// A pointer and a length.
pub type Region = (u32, u32);

/// How much `args_get` and `environ_get` write: the number of texts, and their bytes with a zero behind each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizes {
    pub arguments: Region,
    pub variables: Region,
}

impl Sizes {
    pub fn of(arguments: &[String], variables: &[(String, String)]) -> Sizes {
        let argument_bytes: usize = arguments.iter().map(|argument| argument.len() + 1).sum();
        let variable_bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        Sizes {
            arguments: (arguments.len() as u32, argument_bytes as u32),
            variables: (variables.len() as u32, variable_bytes as u32),
        }
    }
}

/// What a call reads.
pub fn read_by(name: &str, args: &[u64], memory: &Memory<'_>) -> Vec<Region> {
    let arg = |at: usize| args.get(at).copied().unwrap_or(0) as u32;
    match name {
        "fd_write" | "sock_send" | "fd_pwrite" => buffers(arg(1), arg(2), u32::MAX, memory),
        "poll_oneoff" => vec![(arg(0), arg(2).saturating_mul(48))],
        "path_open" | "path_filestat_get" | "path_filestat_set_times" => vec![(arg(2), arg(3))],
        "path_create_directory" | "path_remove_directory" | "path_unlink_file" | "path_readlink" => {
            vec![(arg(1), arg(2))]
        }
        "path_symlink" => vec![(arg(0), arg(1)), (arg(3), arg(4))],
        "path_rename" => vec![(arg(1), arg(2)), (arg(4), arg(5))],
        "path_link" => vec![(arg(2), arg(3)), (arg(5), arg(6))],
        _ => Vec::new(),
    }
}

/// What a call that went well has written.
pub fn written_by(name: &str, args: &[u64], memory: &Memory<'_>, sizes: Sizes) -> Vec<Region> {
    let arg = |at: usize| args.get(at).copied().unwrap_or(0) as u32;
    let number = |pointer: u32| {
        let bytes = memory.slice(pointer, 4).ok().and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    let texts = |(count, bytes): Region| vec![(arg(0), count * 4), (arg(1), bytes)];
    let received = |told: u32| {
        let mut regions = buffers(arg(1), arg(2), number(told), memory);
        regions.push((told, 4));
        regions
    };
    match name {
        "args_get" => texts(sizes.arguments),
        "environ_get" => texts(sizes.variables),
        "args_sizes_get" | "environ_sizes_get" => vec![(arg(0), 4), (arg(1), 4)],
        "clock_res_get" | "fd_prestat_get" | "fd_tell" => vec![(arg(1), 8)],
        "clock_time_get" => vec![(arg(2), 8)],
        "random_get" => vec![(arg(0), arg(1))],
        "fd_prestat_dir_name" => vec![(arg(1), arg(2))],
        "fd_fdstat_get" => vec![(arg(1), 24)],
        "fd_filestat_get" => vec![(arg(1), 64)],
        "path_filestat_get" => vec![(arg(4), 64)],
        "fd_seek" => vec![(arg(3), 8)],
        "fd_read" => received(arg(3)),
        "fd_pread" => received(arg(4)),
        "sock_recv" => {
            let mut regions = received(arg(4));
            regions.push((arg(5), 2));
            regions
        }
        "fd_write" => vec![(arg(3), 4)],
        "fd_pwrite" | "sock_send" => vec![(arg(4), 4)],
        "fd_readdir" => vec![(arg(1), number(arg(4)).min(arg(2))), (arg(4), 4)],
        "path_readlink" => vec![(arg(3), number(arg(5)).min(arg(4))), (arg(5), 4)],
        "path_open" => vec![(arg(8), 4)],
        "sock_accept" => vec![(arg(2), 4)],
        "poll_oneoff" => vec![(arg(1), number(arg(3)).saturating_mul(32)), (arg(3), 4)],
        _ => Vec::new(),
    }
}

/// The first so many bytes of the buffers that iovecs name.
fn buffers(iovecs: u32, count: u32, mut bytes: u32, memory: &Memory<'_>) -> Vec<Region> {
    let Ok(records) = memory.slice(iovecs, count.saturating_mul(8)) else { return Vec::new() };
    let word = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let mut regions = Vec::new();
    for record in records.chunks_exact(8) {
        let length = word(&record[4..]).min(bytes);
        bytes -= length;
        regions.push((word(record), length));
    }
    regions
}

/// The bytes that a `fd_write` which went well has taken.
pub fn written_to_stdio(args: &[u64], memory: &Memory<'_>) -> Vec<Region> {
    let told = memory.slice(args[3] as u32, 4).ok().and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    buffers(args[1] as u32, args[2] as u32, told.map_or(0, u32::from_le_bytes), memory)
}
