//+------------------------------------------------------------------+
//|                                                      LongMap.mqh |
//| A map from 64-bit numbers to indices: a hash table with open     |
//| addressing. No call into the terminal.                           |
//+------------------------------------------------------------------+
#define LONG_MAP_NONE (-1)
//+------------------------------------------------------------------+
//| Indices by number.                                               |
//+------------------------------------------------------------------+
class CLongMap
  {
private:
   long              m_keys[];
   int               m_values[];
   bool              m_used[];
   int               m_count;

   int               Slot(const long key) const;
   void              Grow(void);

public:
                     CLongMap(void);
   void              Clear(void);
   int               Count(void) const;
   int               Find(const long key) const;
   void              Put(const long key,const int value);
  };
//+------------------------------------------------------------------+
//| Create an empty map.                                             |
//+------------------------------------------------------------------+
CLongMap::CLongMap(void)
  {
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Remove everything.                                               |
//+------------------------------------------------------------------+
void CLongMap::Clear(void)
  {
   ArrayFree(m_keys);
   ArrayFree(m_values);
   ArrayFree(m_used);
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Return the number of keys.                                       |
//+------------------------------------------------------------------+
int CLongMap::Count(void) const
  {
   return(m_count);
  }
//+------------------------------------------------------------------+
//| Return the slot of a key, or the free slot where it would go.    |
//| The size is a power of two, and one slot is always free.         |
//+------------------------------------------------------------------+
int CLongMap::Slot(const long key) const
  {
   ulong mixed=(ulong)key*0x9E3779B97F4A7C15;
   int mask=ArraySize(m_used)-1;
   int slot=(int)(mixed>>33)&mask;
   while(m_used[slot] && m_keys[slot]!=key)
      slot=(slot+1)&mask;
   return(slot);
  }
//+------------------------------------------------------------------+
//| Double the size.                                                 |
//+------------------------------------------------------------------+
void CLongMap::Grow(void)
  {
   long keys[];
   int values[];
   int size=ArraySize(m_used);
   int kept=0;
   ArrayResize(keys,m_count);
   ArrayResize(values,m_count);
   for(int i=0; i<size; i++)
      if(m_used[i])
        {
         keys[kept]=m_keys[i];
         values[kept]=m_values[i];
         kept++;
        }
   size=(size>0) ? 2*size : 64;
   ArrayResize(m_keys,size);
   ArrayResize(m_values,size);
   ArrayResize(m_used,size);
   for(int i=0; i<size; i++)
      m_used[i]=false;
   m_count=0;
   for(int i=0; i<kept; i++)
      Put(keys[i],values[i]);
  }
//+------------------------------------------------------------------+
//| Return the value of a key; LONG_MAP_NONE where it has none.      |
//+------------------------------------------------------------------+
int CLongMap::Find(const long key) const
  {
   if(m_count==0)
      return(LONG_MAP_NONE);
   int slot=Slot(key);
   return(m_used[slot] ? m_values[slot] : LONG_MAP_NONE);
  }
//+------------------------------------------------------------------+
//| Set the value of a key.                                          |
//+------------------------------------------------------------------+
void CLongMap::Put(const long key,const int value)
  {
   if(2*(m_count+1)>ArraySize(m_used))
      Grow();
   int slot=Slot(key);
   if(!m_used[slot])
     {
      m_used[slot]=true;
      m_keys[slot]=key;
      m_count++;
     }
   m_values[slot]=value;
  }
//+------------------------------------------------------------------+
