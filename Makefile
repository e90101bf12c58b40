# echolab: make, make demo, make test, make lint, make install, make clean
CC      ?= cc
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
INCLUDE  = -Icommon $(addprefix -Itools/,. scenario microscope report)
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla $(WERROR)
# A newer compiler may warn of more: that must not stop a build. The tests build with this.
WERROR  ?=
BUILD   ?= build
OUT     ?= echolab

# Every .c file in these folders is part of the one binary.
SOURCES := $(sort $(wildcard stages/*.c common/*.c tools/*.c tools/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)

# Lessons, scenarios and the stages themselves travel inside: common/embedded.c reads them.
INSIDE  := $(sort $(wildcard stages/*.c lessons/*.md lessons/claims lessons/scenarios/*.play \
                             tools/primitives_*.c))

all: $(OUT)

$(OUT): $(OBJECTS)
	@echo "  link $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $(OBJECTS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  $(CC) $<"
	@$(CC) -std=c11 -D_GNU_SOURCE $(INCLUDE) -pthread $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# One text: before each file a line with its size and its name.
$(BUILD)/inside.txt: $(INSIDE) stages lessons lessons/scenarios tools
	@mkdir -p $(@D)
	@for f in $(INSIDE); do echo "$$(wc -c < $$f) $$f"; cat $$f; done > $@

$(BUILD)/common/embedded.o: $(BUILD)/inside.txt
$(BUILD)/common/embedded.o: CPPFLAGS += -DEMBEDDED_TEXT='"$(BUILD)/inside.txt"'

# Every system call's number and name, as the C library's header lists them.
$(BUILD)/syscall_names.h:
	@mkdir -p $(@D)
	@echo '#include <sys/syscall.h>' | $(CC) -E -dM - | \
	  sed -n 's/^#define \(SYS_\([a-z0-9_]*\)\) .*/[\1] = "\2",/p' > $@

$(BUILD)/tools/microscope/syscalls.o: $(BUILD)/syscall_names.h
$(BUILD)/tools/microscope/syscalls.o: CPPFLAGS += -I$(BUILD)

-include $(OBJECTS:.o=.d)
# A header that moved or went is no reason to stop: its users are compiled again.
%.h: ;

demo: all
	sh tools/demo.sh

test: all
	sh tests/run.sh

lint:
	sh tools/check-style.sh

install: all
	install -D -s $(OUT) $(DESTDIR)$(PREFIX)/bin/echolab

clean:
	rm -rf build echolab

.PHONY: all demo test lint install clean
