-- A small tree on the emulated file system: create, link, rename, list, and what is left when a name goes.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

must.mkdir("/tmp/site", "0755")
for _, page in ipairs { "index", "about" } do
  local file <close> = assert(io.open("/tmp/site/" .. page .. ".html", "w"))
  file:write("<h1>", page, "</h1>\n")
end
must.symlink("index.html", "/tmp/site/home.html")
must.link("/tmp/site/about.html", "/tmp/site/contact.html")
must.rename("/tmp/site/about.html", "/tmp/site/team.html")

local directory = must.open("/tmp/site", "O_RDONLY|O_DIRECTORY")
local names = {}
for _, entry in ipairs(must.getdents64(directory)) do names[#names + 1] = entry.d_name end
table.sort(names)
print(table.concat(names, " "))

local status = must.lstat "/tmp/site/home.html"
print(("home.html: a link of %d bytes to %s"):format(status.st_size, must.readlink "/tmp/site/home.html"))

local fd = must.open("/tmp/site/team.html", "O_RDONLY")
must.unlink "/tmp/site/team.html"
must.unlink "/tmp/site/contact.html"
print("still readable:", (must.read(fd, 100):gsub("\n", "")), "links:", must.fstat(fd).st_nlink)
print(sys.open("/tmp/site/team.html", "O_RDONLY"))
